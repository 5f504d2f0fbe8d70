package org.pgmigrator.cli.command;

import java.util.concurrent.Callable;
import org.pgmigrator.cli.option.OutputOptions;
import org.pgmigrator.cli.option.StateOptions;
import org.pgmigrator.cli.render.Renderer;
import org.pgmigrator.cli.session.Session;
import org.pgmigrator.cli.signal.StopSignals;
import org.pgmigrator.core.error.ExitCode;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.Abort;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.ProgressEvent;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `abort`: gives a stopped migration up, and removes what it has created on both sides.
@Command(
        name = "abort",
        sortOptions = false,
        customSynopsis = "pg-migrator abort --source <conninfo> --target <conninfo> [OPTION]...",
        description =
                "Gives a stopped migration up: removes what it has created on both sides, and says what that was.",
        footer = {
            "",
            "Shows what would go and asks. Refused while a process is at work, and once the cutover has passed its point "
                    + "of no return.",
            "May be repeated: what an interrupted abort has left, the next one removes. Nothing to abort is exit code 0.",
            "In brackets: the environment variable that stands for the option; the command line wins."
        })
public final class AbortCommand implements Callable<Integer> {

    private final Session session;

    @Mixin
    private StateOptions options = new StateOptions();

    @Option(
            names = "--keep-copy",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description = "Leave on the target what was copied; nothing brings it up to date any more. Default: false.")
    private boolean keepCopy;

    @Option(
            names = "--unlock-source",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description =
                    "Also past the cutover's point of no return, when the target remembers no migration any more, and when it "
                            + "is lost: let the source serve again, without what was written to the target since. Default: "
                            + "false.")
    private boolean unlockSource;

    @Option(
            names = "--yes",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description = "Answer every question with yes. Default: false.")
    private boolean yes;

    @Mixin
    private OutputOptions output = new OutputOptions();

    public AbortCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Database source =
                Database.parse(Side.SOURCE, options.source(), session.console().environment());
        Database target =
                Database.parse(Side.TARGET, options.target(), session.console().environment());
        Renderer renderer = session.begin(output);
        options.exposedPasswordWarning().ifPresent(warning -> renderer.on(new ProgressEvent.Warning(warning)));
        try (StopSignals signals = StopSignals.interrupting(Thread.currentThread())) {
            try {
                new Abort(
                                source,
                                target,
                                options.subscriptionName(),
                                new Abort.Options(unlockSource, keepCopy),
                                session.questions(yes),
                                renderer)
                        .run();
            } catch (InterruptedException stop) {
                throw stopped(signals, "", stop);
            } catch (MigrationException failed) {
                throw signals.haveArrived() ? stopped(signals, failed.failure().why(), failed) : failed;
            }
        }
        return ExitCode.DONE.number();
    }

    private static MigrationException stopped(StopSignals signals, String why, Exception cause) {
        return new MigrationException(
                Failure.of(signals.kind(), "The abort was stopped.", why)
                        .withState("what was undone so far is undone")
                        .withRemedy("Run abort again to complete it."),
                cause);
    }
}
