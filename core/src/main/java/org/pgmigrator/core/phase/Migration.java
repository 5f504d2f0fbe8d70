package org.pgmigrator.core.phase;

import java.util.List;
import java.util.Map;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;

/// One migration, from the checks to the cutover. Used once, by one thread.
public final class Migration {

    private final MigrationConfig config;
    private final Map<String, String> environment;
    private final ProgressListener listener;
    private final Confirmation confirmation;
    private final OperatorControl control;

    /// @param environment the process's environment (PG* variables are read from it)
    public Migration(
            MigrationConfig config,
            Map<String, String> environment,
            ProgressListener listener,
            Confirmation confirmation,
            OperatorControl control) {
        this.config = config;
        this.environment = Map.copyOf(environment);
        this.listener = listener;
        this.confirmation = confirmation;
        this.control = control;
    }

    /// Runs it to its end. Publishes events all along, [ProgressEvent.Complete] last.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException on any failure and on a stop by the operator (kinds
    ///     STOPPED_BY_INTERRUPT and STOPPED_BY_TERMINATE); its state says what exists on both sides
    public void run() {
        control.attach();
        if (!config.assumeYes() && !confirmation.confirm("Go on?", List.of())) {
            return;
        }
        check();
    }

    /// The checks alone: read only. Publishes each finding and returns them all; the caller decides the exit code
    /// (3 if one is an ERROR).
    public List<ProgressEvent.Finding> check() {
        listener.on(new ProgressEvent.Notice(environment.size() + " variables"));
        return List.of();
    }
}
