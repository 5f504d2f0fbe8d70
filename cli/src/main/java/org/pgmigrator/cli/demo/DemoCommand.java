package org.pgmigrator.cli.demo;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.cli.option.OutputOptions;
import org.pgmigrator.cli.render.Renderer;
import org.pgmigrator.cli.session.Session;
import org.pgmigrator.cli.signal.InterruptPolicy;
import org.pgmigrator.core.error.ExitCode;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.MigrationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `demo`: a migration that can be watched without a server of one's own.
@Command(
        name = "demo",
        sortOptions = false,
        customSynopsis = "pg-migrator demo [OPTION]...",
        description = "Two throw-away servers, an application that writes, a real migration, and the proof.",
        footer = {
            "",
            "In brackets: the environment variable that stands for the option; the command line wins.",
            "Needs pg_dump and pg_restore of PostgreSQL 14 or later on this machine, and about 500 MB of temporary space.",
            "Leaves nothing behind. Exit code 7 if a single row differs."
        })
public final class DemoCommand implements Callable<Integer> {

    private final Session session;

    @Mixin
    private DemoOptions options = new DemoOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Spec
    private @Nullable CommandSpec command;

    public DemoCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws InterruptedException {
        try {
            options.requireValid();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    Objects.requireNonNull(command).commandLine(), String.valueOf(e.getMessage()), e);
        }
        boolean keepFolder = false;
        DemoFolder folder = DemoFolder.create();
        try {
            run(folder);
            return ExitCode.DONE.number();
        } catch (MigrationException e) {
            keepFolder = !isStop(e.failure());
            throw new MigrationException(afterDemo(e.failure(), folder), e);
        } catch (RuntimeException | Error e) {
            keepFolder = true;
            throw e;
        } finally {
            leave(folder, keepFolder);
        }
    }

    @SuppressWarnings("try") // open while the demo runs
    private void run(DemoFolder folder) throws InterruptedException {
        Demo demo = new Demo(options, folder, session.console().environment());
        Renderer renderer = session.begin(output, output.logFile().orElse(folder.log()), demo.control()::onInterrupt);
        boolean operator = session.console().terminal().interactive() && !options.auto();
        try (InterruptPolicy ignored = InterruptPolicy.install(
                demo.control(),
                renderer,
                List.of("here: the folder " + folder.path() + "; the servers end by themselves"))) {
            demo.run(renderer, operator);
        }
    }

    /// After a failure the log is worth more than a clean disk; a stop is no failure.
    private void leave(DemoFolder folder, boolean keepLog) {
        if (keepLog && output.logFile().isEmpty()) {
            folder.keepOnlyLog();
            return;
        }
        if (output.logFile().isEmpty()) {
            session.closeLog();
        }
        folder.close();
    }

    private static boolean isStop(Failure failure) {
        return switch (failure.kind().exitCode()) {
            case STOPPED_BY_INTERRUPT, STOPPED_BY_TERMINATE -> true;
            case DONE,
                    BUG,
                    USAGE,
                    CHECK_REFUSED,
                    SOURCE,
                    REPLICATION,
                    TARGET,
                    VERIFICATION_DIFFERENCE,
                    CUTOVER_NOT_COMPLETED -> false;
        };
    }

    /// What a failure of the migration means here: the servers that it speaks of do not exist any more.
    private Failure afterDemo(Failure failure, DemoFolder folder) {
        if (isStop(failure)) {
            return failure.withState("both servers of the demo and all its files are removed")
                    .withRemedy("pg-migrator demo starts a new one.");
        }
        return failure.withState("both servers of the demo are removed"
                + (output.logFile().isEmpty() ? ", only its log is kept in " + folder.path() : ""));
    }
}
