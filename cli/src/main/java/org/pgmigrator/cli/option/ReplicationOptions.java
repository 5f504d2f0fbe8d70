package org.pgmigrator.cli.option;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.ReplicationConfig;
import org.pgmigrator.core.config.ReplicationConfig.WithoutIdentity;
import org.pgmigrator.core.config.SlotRetention;
import org.pgmigrator.core.config.SlotRetention.AtLimit;
import picocli.CommandLine.Option;

/// The names of what replication needs on both sides, and its limits.
final class ReplicationOptions {

    @Option(
            names = "--slot-name",
            paramLabel = "<name>",
            description = "Replication slot made on the source. Default: " + ReplicationConfig.DEFAULT_SLOT_NAME + ".")
    private String slotName = ReplicationConfig.DEFAULT_SLOT_NAME;

    @Option(
            names = "--publication",
            paramLabel = "<name>",
            description = "An existing publication of the source to use. Default: pg-migrator makes its own, named "
                    + "like the slot.")
    private @Nullable String publication;

    @Option(
            names = "--subscription-name",
            paramLabel = "<name>",
            description = "Names this migration's progress on the target. Default: "
                    + ReplicationConfig.DEFAULT_SUBSCRIPTION_NAME + ".")
    private String subscriptionName = ReplicationConfig.DEFAULT_SUBSCRIPTION_NAME;

    @Option(
            names = "--without-identity",
            paramLabel = "<fail|full|insert-only>",
            description = "Tables without replica identity: refuse; set REPLICA IDENTITY FULL for the time of the "
                    + "migration; or carry inserts and truncates alone. Default: fail.")
    private WithoutIdentity withoutIdentity = WithoutIdentity.FAIL;

    @Option(
            names = "--max-outage",
            paramLabel = "<duration>",
            converter = TimeSpan.class,
            description =
                    "For how long a lost connection to either server is tried again, in the copy and in the stream, "
                            + "before the migration stops, such as 10m; 0 stops at once. Default: 30 minutes.")
    private Duration maxOutage = ReplicationConfig.DEFAULT_MAX_OUTAGE;

    @Option(
            names = "--max-slot-retained",
            paramLabel = "<bytes>",
            converter = ByteSize.class,
            description =
                    "Stop when the slot holds back that much WAL on the source, such as 50GB: before its disk is full. "
                            + "Default: no limit but the source's own.")
    private @Nullable Long maxSlotRetained;

    @Option(
            names = "--at-max-slot-retained",
            paramLabel = "<keep|drop>",
            description =
                    "What becomes of the slot then. keep: it stays for --resume, and goes on holding back WAL. drop: "
                            + "it goes with what was made on the source, so that the WAL can go, and the copy must start again. "
                            + "During the copy it goes in any case. Default: keep.")
    private AtLimit atMaxSlotRetained = AtLimit.KEEP;

    /// @throws IllegalArgumentException if a limit is too small, or a name is none
    ReplicationConfig toConfig() {
        return new ReplicationConfig(
                slotName,
                Optional.ofNullable(publication),
                subscriptionName,
                withoutIdentity,
                maxOutage,
                new SlotRetention(
                        maxSlotRetained == null ? OptionalLong.empty() : OptionalLong.of(maxSlotRetained),
                        atMaxSlotRetained));
    }
}
