package org.pgmigrator.cli.option;

import java.time.Duration;
import org.pgmigrator.core.config.CutoverConfig;
import org.pgmigrator.core.config.LagConfig;
import org.pgmigrator.core.config.VerifyLevel;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// When the target counts as caught up, and how the migration ends.
final class CutoverOptions {

    @Option(
            names = "--lag-threshold-bytes",
            paramLabel = "<size>",
            converter = ByteSize.class,
            description = "CaughtUp below this lag; bytes, or with a unit (64kB, 1MB). Default: "
                    + LagConfig.DEFAULT_THRESHOLD_BYTES + " bytes.")
    private long lagThresholdBytes = LagConfig.DEFAULT_THRESHOLD_BYTES;

    @Option(
            names = "--cutover-poll-secs",
            paramLabel = "<seconds>",
            converter = TimeSpan.class,
            description = "Pause between two heartbeats; seconds, or with a unit (500ms, 30s, 5m). Default: 5 seconds.")
    private Duration pollInterval = LagConfig.DEFAULT_POLL_INTERVAL;

    @Option(
            names = "--keep-subscription",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description = "Keep slot, publication and progress after the cutover. Default: false.")
    private boolean keepSubscription;

    @Option(
            names = "--cutover-timeout",
            paramLabel = "<seconds>",
            converter = TimeSpan.class,
            description =
                    "Longest time from the wish to cut over until the source is closed; then it is given up, and the "
                            + "source takes writes again; seconds, or with a unit. Default: 300 seconds.")
    private Duration cutoverTimeout = CutoverConfig.DEFAULT_TIMEOUT;

    @Option(
            names = "--cutover-when",
            paramLabel = "<operator|caught-up>",
            description = "Who starts the cutover: the operator by Ctrl+C, or pg-migrator as soon as the target has "
                    + "caught up. Default: operator.")
    private CutoverConfig.When cutoverWhen = CutoverConfig.When.OPERATOR;

    @Option(
            names = "--sequence-buffer",
            paramLabel = "<number>",
            description = "Increments added to each sequence that was ever called. Default: 0.")
    private long sequenceBuffer;

    @Mixin
    private SourceLockOptions sourceLock = new SourceLockOptions();

    @Option(
            names = "--verify",
            paramLabel = "<schema|counts|content|none>",
            description = "What is compared on both sides before the target is opened, while the source is locked: "
                    + "definitions, the number of rows of each table, every value of every row, or nothing. "
                    + "Default: counts.")
    private VerifyLevel verify = CutoverConfig.DEFAULT_VERIFY;

    LagConfig toLagConfig() {
        return new LagConfig(lagThresholdBytes, pollInterval);
    }

    CutoverConfig toConfig() {
        return new CutoverConfig(
                keepSubscription, sequenceBuffer, cutoverTimeout, cutoverWhen, sourceLock.toConfig(), verify);
    }
}
