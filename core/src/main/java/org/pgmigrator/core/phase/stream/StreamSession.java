package org.pgmigrator.core.phase.stream;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
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
import org.pgmigrator.core.postgres.Ghosts;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SessionEnd;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.spool.SpoolFeeder;
import org.pgmigrator.core.stream.AckPosition;
import org.pgmigrator.core.stream.ChangeQueue;
import org.pgmigrator.core.stream.FrameSink;
import org.pgmigrator.core.stream.QueueSink;
import org.pgmigrator.core.stream.StreamConfig;
import org.pgmigrator.core.stream.WalReceiver;
import org.pgmigrator.decoder.Lsn;

/// The engines at work: the receiver on the source, the applier on the target, the queue between them, and the spool
/// before the queue if there is one.
///
/// Opening it proves that the stream begins exactly where the target is. Closing it ends what feeds the queue first.
public final class StreamSession implements AutoCloseable {

    /// A walsender of an earlier run may still be ending.
    private static final Duration SLOT_IN_USE_LIMIT = Duration.ofSeconds(60);

    private final Applier applier;
    private final Feed feed;

    private StreamSession(Applier applier, Feed feed) {
        this.applier = applier;
        this.feed = feed;
    }

    /// What fills the queue.
    private sealed interface Feed extends AutoCloseable {
        Lsn receivedLsn();

        Optional<MigrationException> failure();

        void sourceGone(MigrationException why);

        @Override
        void close();

        record Direct(WalReceiver receiver) implements Feed {
            @Override
            public Lsn receivedLsn() {
                return receiver.receivedLsn();
            }

            @Override
            public Optional<MigrationException> failure() {
                return receiver.failure();
            }

            @Override
            public void sourceGone(MigrationException why) {
                receiver.cutOff(why);
            }

            @Override
            public void close() {
                receiver.close();
            }
        }

        record Spooled(SpoolReception reception, SpoolFeeder feeder) implements Feed {
            @Override
            public Lsn receivedLsn() {
                return reception.receivedLsn();
            }

            @Override
            public Optional<MigrationException> failure() {
                return feeder.failure().or(reception::failure);
            }

            @Override
            public void sourceGone(MigrationException why) {
                reception.sourceGone(why);
            }

            @Override
            public void close() {
                feeder.close();
            }
        }
    }

    /// Opens both engines; the stream runs when this returns.
    ///
    /// @param observer an ordinary session on the source
    /// @param spooling whether there is a spool, and what may be gone on with; what it has at work is this session's
    public static StreamSession open(
            Database source,
            Database target,
            Connection observer,
            String subscription,
            ApplyConfig apply,
            boolean binary,
            String slot,
            List<String> publications,
            Predicate<QualifiedName> carried,
            Spooling spooling)
            throws InterruptedException {
        ChangeQueue queue = new ChangeQueue(ChangeQueue.DEFAULT_CAPACITY_BYTES);
        try (Applier.Ready ready = Applier.open(target, subscription, apply, binary)) {
            Progress.Row progress = ready.progress();
            requireSameSlot(source, slot, progress);
            // Asked once: what ends after this has confirmed what the sample may not know, and is the stream's failure.
            Optional<SpoolReception> reception = spooling.atWork();
            if (reception.isEmpty()) {
                awaitFree(observer, slot);
            }
            SourceSample sample = sample(observer, slot);
            SlotLoss.requireUsable(sample, slot, SlotCare.Stage.STREAM, "");
            if (reception.isEmpty()) {
                reception = spooling.at(progress, sample.confirmedFlush(), publications);
            }
            if (reception.isPresent()) {
                return spooled(ready, progress, reception.get(), carried, queue);
            }
            AckPosition acknowledged = new AckPosition(progress.confirmable());
            StreamConfig config = new StreamConfig(slot, publications, binary, progress.applied());
            WalReceiver receiver = startReceiver(source, apply, config, new QueueSink(carried, queue), acknowledged);
            boolean safe = false;
            try {
                // The source begins where it was confirmed, whatever it was asked for.
                requireNotBeyond(sample(observer, slot), progress);
                safe = true;
            } finally {
                if (!safe) {
                    receiver.close();
                }
            }
            return new StreamSession(ready.start(queue, acknowledged), new Feed.Direct(receiver));
        }
    }

    /// A walsender of before may not have read our last word yet: what is confirmed is known when it has ended. One
    /// that
    /// this process has lost, and the source has not, is ended.
    public static void awaitFree(Connection observer, String slot) throws InterruptedException {
        long deadline = System.nanoTime() + SLOT_IN_USE_LIMIT.toNanos();
        OptionalInt walsender = walsender(observer, slot);
        while (walsender.isPresent()) {
            boolean ghost = endIfGhost(observer, walsender.getAsInt());
            if (System.nanoTime() > deadline) {
                throw new MigrationException(Failure.of(
                        FailureKind.SLOT_IN_USE,
                        "Replication slot \"" + slot + "\" is in use.",
                        "walsender " + walsender.getAsInt() + " reads from it: "
                                + (ghost
                                        ? "a session of an earlier connection of this process is still held by the server"
                                        : "another consumer's, or one of before that has not noticed that its client is"
                                                + " gone")));
            }
            Thread.sleep(100);
            walsender = walsender(observer, slot);
        }
    }

    private static boolean endIfGhost(Connection observer, int walsender) {
        try {
            return Ghosts.end(observer, Side.SOURCE, walsender);
        } catch (SQLException lost) {
            throw SqlState.toException(Side.SOURCE, "The source no longer answers.", lost);
        }
    }

    /// The server's process that reads from the slot.
    private static OptionalInt walsender(Connection observer, String slot) {
        try (PreparedStatement statement = observer.prepareStatement(
                "select active_pid from pg_replication_slots where slot_name = ? and active_pid is not null")) {
            statement.setString(1, slot);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? OptionalInt.of(row.getInt(1)) : OptionalInt.empty();
            }
        } catch (SQLException lost) {
            throw SqlState.toException(Side.SOURCE, "The source no longer answers.", lost);
        }
    }

    private static void requireNotBeyond(SourceSample sample, Progress.Row progress) {
        if (sample.confirmedFlush().isAfter(progress.confirmable())) {
            throw Spooling.lost(
                    progress,
                    sample.confirmedFlush(),
                    "the source no longer sends the transactions between: another consumer has read from the slot");
        }
    }

    private static StreamSession spooled(
            Applier.Ready ready,
            Progress.Row progress,
            SpoolReception reception,
            Predicate<QualifiedName> carried,
            ChangeQueue queue) {
        SpoolFeeder feeder =
                SpoolFeeder.start(reception.spool().reader(progress.confirmable()), new QueueSink(carried, queue));
        Applier applier = ready.start(queue, reception.applied());
        reception.appliedBy(applier::changesTaken);
        return new StreamSession(applier, new Feed.Spooled(reception, feeder));
    }

    /// The progress must belong to this very slot.
    public static void requireSameSlot(Database source, String slot, Progress.Row progress) {
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
    }

    /// Looks at the source's counters and at the slot; a slot that is gone is no failure here.
    ///
    /// @throws MigrationException SOURCE_UNREACHABLE or another of the source's kinds if it does not answer
    public static SourceSample sample(Connection observer, String slot) {
        try {
            return SourceSample.take(observer, slot);
        } catch (SQLException lost) {
            throw SqlState.toException(Side.SOURCE, "The source no longer answers.", lost);
        }
    }

    private static Session walsender(ApplyConfig apply) {
        Session session = Session.named("stream");
        return apply.decodingMemory().isPresent()
                ? session.with(
                        "logical_decoding_work_mem", (apply.decodingMemory().getAsLong() >> 10) + "kB")
                : session;
    }

    /// Starts to stream, waiting for a walsender of an earlier run to end.
    static WalReceiver startReceiver(
            Database source, ApplyConfig apply, StreamConfig config, FrameSink sink, AckPosition acknowledged)
            throws InterruptedException {
        long deadline = System.nanoTime() + SLOT_IN_USE_LIMIT.toNanos();
        while (true) {
            Connection walsender = source.connectReplication(walsender(apply));
            try {
                return WalReceiver.start(walsender, config, sink, acknowledged);
            } catch (SQLException refusal) {
                SessionEnd.close(walsender);
                SlotLoss.requireUsable(source, config.slot(), refusal);
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
            endGhost(source, config.slot());
            Thread.sleep(500);
        }
    }

    /// The spool's receiver begins again by itself, without anybody who looks at the slot.
    private static void endGhost(Database source, String slot) {
        try (Connection session = source.connect(Session.named("observe"))) {
            walsender(session, slot).ifPresent(walsender -> endIfGhost(session, walsender));
        } catch (SQLException lost) {
            throw SqlState.toException(Side.SOURCE, "The source no longer answers.", lost);
        }
    }

    /// The engine on the target; it belongs to this session.
    public Applier applier() {
        return applier;
    }

    Lsn receivedLsn() {
        return feed.receivedLsn();
    }

    /// The source has ended a session of ours, as it does first when it is shut down: the walsender must not be what
    /// that waits for, however long the target takes.
    public void sourceGone(MigrationException why) {
        feed.sourceGone(why);
    }

    /// The failure of either engine. The applier's comes first: the receiver ends when the applier has.
    public Optional<MigrationException> failure() {
        return applier.failure().or(feed::failure);
    }

    /// Ends both in order, also for a stop that has interrupted this thread: only a second interrupt cuts them off.
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        try {
            feed.close();
            applier.close();
            if (feed instanceof Feed.Spooled spooled) {
                // Last, so that the source hears how far the applier has come.
                spooled.reception().close();
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Who the source is: positions are comparable only within one system and timeline.
    public record SourceIdentity(String systemIdentifier, int timeline) {

        /// By a walsender session of its own.
        public static SourceIdentity read(Database source) {
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
