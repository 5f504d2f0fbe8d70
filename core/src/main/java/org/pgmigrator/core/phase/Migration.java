package org.pgmigrator.core.phase;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.MigrationConfig.Mode;
import org.pgmigrator.core.control.Confirmation;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.control.RequestDesk;
import org.pgmigrator.core.control.Stops;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SilenceWatch;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.validate.Validate;
import org.pgmigrator.core.validate.Validated;
import org.pgmigrator.core.validate.ValidationReport;

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
    /// @throws MigrationException on any failure and on a stop by the operator (kinds STOPPED_BY_INTERRUPT and
    ///     STOPPED_BY_TERMINATE); its state says what exists on both sides
    public void run() {
        // Nobody waits for a server that is dead when the program is to end.
        control.attach(SilenceWatch::hurry);
        try {
            Database source = Database.parse(Side.SOURCE, config.source(), environment);
            Database target = Database.parse(Side.TARGET, config.target(), environment)
                    .of(config.replication().subscriptionName());
            Validated validated = validate(source, target, config.resume());
            if (config.mode() == Mode.ONLINE) {
                RequestDesk desk = new RequestDesk(
                        target, config.replication().subscriptionName(), config.apply(), control, listener);
                new OnlineMigration(
                                config,
                                source,
                                target,
                                validated,
                                // What is on the target by then is this migration's.
                                () -> validate(source, target, true),
                                desk.listener(),
                                confirmation,
                                control,
                                desk)
                        .run();
            } else {
                new OfflineMigration(config, source, target, validated, listener, confirmation, control).run();
            }
        } catch (InterruptedException stop) {
            throw stopped();
        } catch (MigrationException failed) {
            if (control.isStopPending()) {
                throw stopped();
            }
            control.detach();
            throw failed.failure().state().isEmpty()
                    ? new MigrationException(failed.failure().withState(untouched()), failed)
                    : failed;
        } finally {
            SilenceWatch.calm();
        }
    }

    private MigrationException stopped() {
        control.detach();
        return Stops.exception(control, untouched(), List.of());
    }

    private String untouched() {
        return config.resume()
                ? "both databases are as the earlier run has left them: nothing was changed"
                : "both databases are as they were: nothing was created";
    }

    private Validated validate(Database source, Database target, boolean resume) throws InterruptedException {
        listener.on(new ProgressEvent.PhaseStarted(
                Phase.VALIDATE, "checks of " + source.describe() + " and " + target.describe() + ", read only"));
        ValidationReport report = report(source, target, resume);
        return report.validated()
                .orElseThrow(() -> new MigrationException(Failure.of(
                                FailureKind.CHECK_REFUSED,
                                report.errors().size() == 1
                                        ? "The checks found an error: "
                                                + report.errors().getFirst().what()
                                        : "The checks found " + report.errors().size() + " errors.",
                                "")
                        .withState("both databases are as they were: nothing was changed")));
    }

    private ValidationReport report(Database source, Database target, boolean resume) throws InterruptedException {
        source.warnings().forEach(warning -> listener.on(new ProgressEvent.Warning(warning)));
        target.warnings().forEach(warning -> listener.on(new ProgressEvent.Warning(warning)));
        ValidationReport report = new Validate(
                        config.mode(),
                        config.replication(),
                        config.copy(),
                        config.filter(),
                        resume,
                        Optional.of(config.cutover().sourceLock().mode()),
                        config.spool(),
                        source,
                        target,
                        environment)
                .run();
        report.findings().forEach(listener::on);
        return report;
    }

    /// The checks alone: read only. Publishes each finding and returns them all; the caller decides the exit code
    /// (3 if one is an ERROR).
    public List<ProgressEvent.Finding> check() {
        // Nobody waits for a server that is dead when the program is to end.
        control.attach(SilenceWatch::hurry);
        try {
            Database source = Database.parse(Side.SOURCE, config.source(), environment);
            Database target = Database.parse(Side.TARGET, config.target(), environment);
            return report(source, target, config.resume()).findings();
        } catch (InterruptedException stop) {
            throw Stops.exception(control, "Nothing was changed on either side.", List.of());
        } finally {
            control.detach();
        }
    }
}
