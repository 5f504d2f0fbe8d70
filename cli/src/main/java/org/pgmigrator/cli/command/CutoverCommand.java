package org.pgmigrator.cli.command;

import java.util.concurrent.Callable;
import org.pgmigrator.cli.option.OutputOptions;
import org.pgmigrator.cli.option.StateOptions;
import org.pgmigrator.cli.render.Renderer;
import org.pgmigrator.cli.session.Session;
import org.pgmigrator.cli.signal.StopSignals;
import org.pgmigrator.core.control.CutoverRequest;
import org.pgmigrator.core.error.ExitCode;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.ProgressEvent;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `cutover`: asks the running migration to cut over, and shows how it does.
@Command(
        name = "cutover",
        sortOptions = false,
        customSynopsis = "pg-migrator cutover --target <conninfo> [OPTION]...",
        description = "Asks the running migration to cut over, from any terminal, as its own Ctrl+C would.",
        footer = {
            "",
            "With --source-lock tables (the default of migrate) writes are kept away by pg-migrator; with read-only or none, "
                    + "stop all writes to the source first.",
            "Needs a process at work (migrate, or migrate --resume) and the target alone; --source is not read.",
            "Ctrl+C here only stops watching: a cutover that has been taken up goes on.",
            "Exit code 0 when the target is open (or the rehearsal done), 8 when it was not done (the source is serving).",
            "In brackets: the environment variable that stands for the option; the command line wins."
        })
public final class CutoverCommand implements Callable<Integer> {

    private final Session session;

    @Mixin
    private StateOptions options = new StateOptions();

    @Option(
            names = "--rehearse",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description =
                    "Only lock, drain and prove; then unlock, say how long writes were kept away, and go on with the "
                            + "stream. Default: false.")
    private boolean rehearse;

    @Mixin
    private OutputOptions output = new OutputOptions();

    public CutoverCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Database target =
                Database.parse(Side.TARGET, options.target(), session.console().environment());
        Renderer renderer = session.begin(output);
        options.exposedPasswordWarning().ifPresent(warning -> renderer.on(new ProgressEvent.Warning(warning)));
        target.warnings().forEach(warning -> renderer.on(new ProgressEvent.Warning(warning)));
        try (StopSignals signals = StopSignals.interrupting(Thread.currentThread())) {
            try {
                CutoverRequest request = new CutoverRequest(target, options.subscriptionName(), renderer);
                if (rehearse) {
                    request.rehearse();
                } else {
                    request.run();
                }
            } catch (InterruptedException stop) {
                throw new MigrationException(
                        Failure.of(signals.kind(), "The cutover is not watched any longer.", "")
                                .withRemedy("pg-migrator status shows how the migration stands."),
                        stop);
            }
        }
        return ExitCode.DONE.number();
    }
}
