package org.pgmigrator.cli.command;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.cli.option.StateOptions;
import org.pgmigrator.cli.option.TimeSpan;
import org.pgmigrator.cli.render.FailureText;
import org.pgmigrator.cli.render.StatusJson;
import org.pgmigrator.cli.render.StatusText;
import org.pgmigrator.cli.session.Console;
import org.pgmigrator.cli.session.Session;
import org.pgmigrator.cli.signal.StopSignals;
import org.pgmigrator.core.error.ExitCode;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.status.Status;
import org.pgmigrator.core.status.StatusReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `status`: how a migration stands, running or stopped, from any terminal.
@Command(
        name = "status",
        sortOptions = false,
        customSynopsis = "pg-migrator status --source <conninfo> --target <conninfo> [OPTION]...",
        description = "Shows how a migration stands, running or stopped. Reads only, and holds nothing up.",
        footer = {
            "",
            "The last line says whether it is safe to cut over now, and why, or why not.",
            "Exit code 0 also if there is no migration: that is an answer. With --json it is \"migration\":false.",
            "In brackets: the environment variable that stands for the option; the command line wins."
        })
public final class StatusCommand implements Callable<Integer> {

    /// Home, so that the new block is written over the old one; what is left of that is cleared behind it.
    private static final String REPAINT = "\u001b[H\u001b[J";

    private static final String CLEAR = "\u001b[2J";

    private final Session session;

    @Mixin
    private StateOptions options = new StateOptions();

    @Option(
            names = "--watch",
            arity = "0..1",
            fallbackValue = "2",
            paramLabel = "<seconds>",
            converter = TimeSpan.class,
            description =
                    "Look again every so many seconds (2 without a number), until Ctrl+C. On a terminal in place, "
                            + "otherwise one block after the other. Default: once.")
    private @Nullable Duration watch;

    @Option(
            names = "--json",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description = "One JSON object for each look. Default: false.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec command;

    public StatusCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Console console = session.console();
        Database source = Database.parse(Side.SOURCE, options.source(), console.environment());
        Database target = Database.parse(Side.TARGET, options.target(), console.environment());
        if (watch != null && !watch.isPositive()) {
            throw new ParameterException(
                    Objects.requireNonNull(command).commandLine(), "--watch must be greater than 0");
        }
        options.exposedPasswordWarning().ifPresent(warning -> console.err().println("warning: " + warning));
        try (StopSignals signals = StopSignals.interrupting(Thread.currentThread());
                Status status = new Status(source, target, options.subscriptionName())) {
            try {
                show(status);
            } catch (InterruptedException stop) {
                throw stopped(signals.kind(), stop);
            }
        }
        return ExitCode.DONE.number();
    }

    private static MigrationException stopped(FailureKind kind, InterruptedException stop) {
        return new MigrationException(
                Failure.of(kind, "The migration is not watched any longer.", "")
                        .withState("nothing was changed")
                        .withRemedy("pg-migrator status shows it again."),
                stop);
    }

    private void show(Status status) throws InterruptedException {
        Console console = session.console();
        boolean inPlace = watch != null && !json && console.terminal().interactive();
        if (inPlace) {
            console.out().print(CLEAR);
        }
        print(console.out(), status.look(), inPlace);
        Duration pause = watch;
        while (pause != null) {
            Thread.sleep(pause);
            try {
                print(console.out(), status.look(), inPlace);
            } catch (MigrationException unreachable) {
                // A target that is restarted comes back, and whoever watches wants to see that.
                console.err().print(FailureText.of(unreachable.failure(), Optional.empty(), session.style()));
            }
        }
    }

    private void print(PrintStream out, StatusReport report, boolean inPlace) {
        if (json) {
            out.println(StatusJson.of(report, session.console().clock().instant()));
        } else {
            out.print((inPlace ? REPAINT : "") + StatusText.of(report, session.style()));
            if (watch != null && !inPlace) {
                out.println();
            }
        }
        out.flush();
    }
}
