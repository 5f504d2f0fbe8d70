package org.pgmigrator.cli.command;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.cli.option.OutputOptions;
import org.pgmigrator.cli.option.StateOptions;
import org.pgmigrator.cli.option.TimeSpan;
import org.pgmigrator.cli.render.Renderer;
import org.pgmigrator.cli.session.Session;
import org.pgmigrator.cli.signal.StopSignals;
import org.pgmigrator.core.error.ExitCode;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.copy.SnapshotHolder;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.ProgressEvent;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `snapshot-holder`: keeps the snapshot of a copy alive when the process that copies is killed.
@Command(
        name = "snapshot-holder",
        sortOptions = false,
        customSynopsis = "pg-migrator snapshot-holder --source <conninfo> --target <conninfo> [OPTION]...",
        description = {
            "Holds the snapshot of a migration's copy in a process of its own, so that migrate --resume goes on with",
            "what is complete when the process that copies is killed. Start it before migrate or while that copies."
        },
        footer = {
            "",
            "It ends by itself when every row is copied, when the migration is over or aborted, and at the limit.",
            "As long as it holds, the source keeps dead rows, and tables of the copy cannot be rewritten there.",
            "In brackets: the environment variable that stands for the option; the command line wins."
        })
public final class SnapshotHolderCommand implements Callable<Integer> {

    private final Session session;

    @Mixin
    private StateOptions options = new StateOptions();

    @Option(
            names = "--hold-limit",
            paramLabel = "<duration>",
            converter = TimeSpan.class,
            description = "For how long a snapshot is held, such as 8h. Default: 24 hours.")
    private Duration limit = SnapshotHolder.DEFAULT_LIMIT;

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Spec
    private @Nullable CommandSpec command;

    public SnapshotHolderCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        Database source =
                Database.parse(Side.SOURCE, options.source(), session.console().environment());
        Database target =
                Database.parse(Side.TARGET, options.target(), session.console().environment());
        if (!limit.isPositive()) {
            throw new ParameterException(
                    Objects.requireNonNull(command).commandLine(), "--hold-limit must be greater than 0");
        }
        Renderer renderer = session.begin(output);
        options.exposedPasswordWarning().ifPresent(warning -> renderer.on(new ProgressEvent.Warning(warning)));
        try (StopSignals signals = StopSignals.interrupting(Thread.currentThread())) {
            try {
                new SnapshotHolder(source, target, options.subscriptionName(), limit, renderer).run();
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
                Failure.of(signals.kind(), "The snapshot is not held any longer.", why)
                        .withState("a copy that is cut off now starts again")
                        .withRemedy("While the copy goes on, run the same command again to hold its snapshot."),
                cause);
    }
}
