package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.pgmigrator.core.apply.Applier;
import org.pgmigrator.core.apply.Progress;
import org.pgmigrator.core.apply.SlotIdentity;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.lag.SourceSample;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.stream.AckPosition;
import org.pgmigrator.core.stream.ChangeQueue;
import org.pgmigrator.core.stream.StreamConfig;
import org.pgmigrator.core.stream.WalReceiver;
import org.pgmigrator.decoder.Lsn;

/// The two engines at work: the receiver on the source, the applier on the target, the queue between them.
///
/// Opening it proves that the stream begins exactly where the target is. Closing it ends the receiver first.
final class StreamSession implements AutoCloseable {

    /// A walsender of an earlier run may still be ending.
    private static final Duration SLOT_IN_USE_LIMIT = Duration.ofSeconds(60);

    private final Applier applier;
    private final WalReceiver receiver;

    private StreamSession(Applier applier, WalReceiver receiver) {
        this.applier = applier;
        this.receiver = receiver;
    }

    /// @param observer an ordinary session on the source
    static StreamSession open(
            Database source,
            Database target,
            Connection observer,
            String subscription,
            ApplyConfig apply,
            boolean binary,
            String slot,
            List<String> publications,
            Predicate<QualifiedName> carried)
            throws InterruptedException {
        ChangeQueue queue = new ChangeQueue(ChangeQueue.DEFAULT_CAPACITY_BYTES);
        try (Applier.Ready ready = Applier.open(target, subscription, apply, binary)) {
            Progress.Row progress = ready.progress();
            requireSameSlot(source, observer, slot, progress);
            AckPosition acknowledged = new AckPosition(progress.confirmable());
            StreamConfig config = new StreamConfig(slot, publications, binary, progress.applied());
            WalReceiver receiver = startReceiver(source, walsender(apply), config, carried, queue, acknowledged);
            return new StreamSession(ready.start(queue, acknowledged), receiver);
        }
    }

    /// The progress must belong to this very slot, and the source must not have been told of more than the target has.
    private static void requireSameSlot(Database source, Connection observer, String slot, Progress.Row progress) {
        SlotIdentity recorded = progress.identity();
        SourceIdentity actual = SourceIdentity.read(source);
        if (!recorded.systemIdentifier().equals(actual.systemIdentifier())
                || recorded.timeline() != actual.timeline()
                || !recorded.slot().equals(slot)) {
            throw new MigrationException(Failure.of(
                    FailureKind.SLOT_MISMATCH,
                    "The target's progress does not belong to this source and slot.",
                    "recorded: system " + recorded.systemIdentifier() + ", timeline " + recorded.timeline()
                            + ", slot \""
                            + recorded.slot() + "\"; found: system " + actual.systemIdentifier() + ", timeline "
                            + actual.timeline() + ", slot \"" + slot + "\""));
        }
        SourceSample sample = sample(observer, slot);
        requireUsable(sample, slot);
        if (sample.confirmedFlush().isAfter(progress.confirmable())) {
            throw new MigrationException(Failure.of(
                    FailureKind.POSITION_LOST,
                    "Slot \"" + slot + "\" has been confirmed up to " + sample.confirmedFlush()
                            + ", but the target has only what was committed before " + progress.confirmable() + ".",
                    "the source no longer sends the transactions between: another consumer has read from the slot, or the"
                            + " target was set back"));
        }
    }

    static SourceSample sample(Connection observer, String slot) {
        try {
            return SourceSample.take(observer, slot);
        } catch (SQLException lost) {
            throw SqlState.toException(Side.SOURCE, "The source no longer answers.", lost);
        }
    }

    static void requireUsable(SourceSample sample, String slot) {
        if (sample.walStatus().equals("missing")) {
            throw new MigrationException(Failure.of(
                    FailureKind.SLOT_MISSING, "Replication slot \"" + slot + "\" does not exist on the source.", ""));
        }
        if (!sample.slotUsable()) {
            throw new MigrationException(Failure.of(
                    FailureKind.SLOT_INVALIDATED,
                    "Replication slot \"" + slot + "\" can no longer be read.",
                    "the source removed WAL that the slot needs (wal_status=" + sample.walStatus() + ")"));
        }
    }

    private static Session walsender(ApplyConfig apply) {
        Session session = Session.named("stream");
        return apply.decodingMemory().isPresent()
                ? session.with(
                        "logical_decoding_work_mem", (apply.decodingMemory().getAsLong() >> 10) + "kB")
                : session;
    }

    private static WalReceiver startReceiver(
            Database source,
            Session session,
            StreamConfig config,
            Predicate<QualifiedName> carried,
            ChangeQueue queue,
            AckPosition acknowledged)
            throws InterruptedException {
        long deadline = System.nanoTime() + SLOT_IN_USE_LIMIT.toNanos();
        while (true) {
            Connection walsender = source.connectReplication(session);
            try {
                return WalReceiver.start(walsender, config, carried, queue, acknowledged);
            } catch (SQLException refusal) {
                closeQuietly(walsender);
                boolean inUse = SqlState.OBJECT_IN_USE.equals(refusal.getSQLState());
                if (!inUse || System.nanoTime() > deadline) {
                    throw inUse
                            ? new MigrationException(
                                    Failure.of(
                                            FailureKind.SLOT_IN_USE,
                                            "Replication slot \"" + config.slot() + "\" is in use.",
                                            SqlState.serverWords(refusal)),
                                    refusal)
                            : SqlState.toException(
                                    Side.SOURCE,
                                    "The stream of slot \"" + config.slot() + "\" could not be started.",
                                    refusal);
                }
            }
            Thread.sleep(500);
        }
    }

    private static void closeQuietly(Connection connection) {
        try {
            connection.close();
        } catch (SQLException alreadyGone) {
            // It was of no use.
        }
    }

    Applier applier() {
        return applier;
    }

    Lsn receivedLsn() {
        return receiver.receivedLsn();
    }

    /// The failure of either engine. The applier's comes first: the receiver ends when the applier has.
    Optional<MigrationException> failure() {
        return applier.failure().or(receiver::failure);
    }

    /// Ends both in order, also for a stop that has interrupted this thread: only a second interrupt cuts them off.
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        try {
            receiver.close();
            applier.close();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Who the source is: positions are comparable only within one system and timeline.
    record SourceIdentity(String systemIdentifier, int timeline) {

        static SourceIdentity read(Database source) {
            try (Connection walsender = source.connectReplication(Session.named("identify"));
                    Statement statement = walsender.createStatement();
                    ResultSet row = statement.executeQuery("IDENTIFY_SYSTEM")) {
                row.next();
                return new SourceIdentity(row.getString("systemid"), row.getInt("timeline"));
            } catch (SQLException refusal) {
                throw SqlState.toException(Side.SOURCE, "The source could not be identified.", refusal);
            }
        }
    }
}
