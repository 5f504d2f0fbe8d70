package org.pgmigrator.core.stream;

import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.SessionEnd;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SilenceWatch;
import org.pgmigrator.decoder.DecodeException;
import org.pgmigrator.decoder.Lsn;
import org.postgresql.PGConnection;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The thread `wal-receiver`: it alone touches the replication stream, and it never waits for the target.
///
/// The driver sends status only inside a read, and a read would only bring more rows while the queue is full; so this
/// loop sends it itself, every [#FEEDBACK_INTERVAL], whatever becomes of the messages. What is confirmed to the source
/// is
/// what was acknowledged as durable, never what was received.
///
/// Protocol: https://www.postgresql.org/docs/current/protocol-replication.html
public final class WalReceiver implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(WalReceiver.class);

    /// Far below any sensible `wal_sender_timeout` (60 s by default); each status also asks for the walsender's
    /// position.
    private static final Duration FEEDBACK_INTERVAL = Duration.ofSeconds(1);

    /// How often an idle position is handed on: each one costs an update of the progress row.
    private static final Duration IDLE_INTERVAL = Duration.ofSeconds(2);

    /// Between two looks at a silent socket: the most that this adds to the latency of a change.
    private static final long PARK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    /// How long a full sink is waited for between two looks at the time.
    private static final Duration ROOM_INTERVAL = Duration.ofMillis(100);

    private static final Duration STOP_LIMIT = Duration.ofSeconds(15);

    private final Connection connection;
    private final PGReplicationStream stream;
    private final FrameSink sink;
    private final AckPosition acknowledged;
    private final Thread thread;

    private volatile Lsn received;
    private volatile boolean stopping;
    private volatile @Nullable MigrationException failure;

    private long nextFeedback;
    private long nextIdle;
    private Lsn lastIdle = Lsn.INVALID;

    private WalReceiver(
            Connection connection,
            PGReplicationStream stream,
            StreamConfig config,
            FrameSink sink,
            AckPosition acknowledged) {
        this.connection = connection;
        this.stream = stream;
        this.sink = sink;
        this.acknowledged = acknowledged;
        this.received = config.startLsn();
        this.thread = Thread.ofPlatform().name("wal-receiver").unstarted(this::run);
    }

    /// Starts to stream to the applier's queue; see the other method of this name.
    public static WalReceiver start(
            Connection connection,
            StreamConfig config,
            Predicate<QualifiedName> carried,
            ChangeQueue queue,
            AckPosition acknowledged)
            throws SQLException {
        return start(connection, config, new QueueSink(carried, queue), acknowledged);
    }

    /// Starts to stream on a walsender connection, which is closed by [#close].
    ///
    /// @param sink         where the messages go; it is the receiver's thread's from now on
    /// @param acknowledged what is confirmed to the source
    /// @throws SQLException as the source said it: 55006 if the slot is in use, 42704 if it does not exist
    public static WalReceiver start(
            Connection connection, StreamConfig config, FrameSink sink, AckPosition acknowledged) throws SQLException {
        PGReplicationStream stream = connection
                .unwrap(PGConnection.class)
                .getReplicationAPI()
                .replicationStream()
                .logical()
                .withSlotName(config.slot())
                .withStartPosition(LogSequenceNumber.valueOf(config.startLsn().value()))
                // With it, the driver would confirm positions that only it has seen.
                .withAutomaticFlush(false)
                // 0: the driver's own interval would also become a read timeout in the middle of a message.
                .withStatusInterval(0, TimeUnit.MILLISECONDS)
                .withSlotOption("proto_version", config.inProgress() ? "2" : "1")
                .withSlotOption("streaming", Boolean.toString(config.inProgress()))
                .withSlotOption("publication_names", publicationNames(config))
                .withSlotOption("messages", "true")
                .withSlotOption("binary", Boolean.toString(config.binary()))
                .start();
        WalReceiver receiver = new WalReceiver(connection, stream, config, sink, acknowledged);
        receiver.thread.start();
        return receiver;
    }

    private static String publicationNames(StreamConfig config) {
        return config.publications().stream()
                .map(name -> QualifiedName.quote(name).replace("'", "''"))
                .collect(Collectors.joining(","));
    }

    /// The furthest position that came from the walsender; nothing is known about the target by it.
    public Lsn receivedLsn() {
        return received;
    }

    /// Why the thread has ended by itself; empty while it runs and after a stop that was asked for.
    public Optional<MigrationException> failure() {
        return Optional.ofNullable(failure);
    }

    private void run() {
        try {
            while (!stopping && !sink.isAbandoned()) {
                feedbackIfDue();
                if (!sink.awaitRoom(ROOM_INTERVAL)) {
                    continue;
                }
                ByteBuffer message = stream.readPending();
                if (message == null) {
                    idle();
                } else {
                    sink.accept(advance(stream.getLastReceiveLSN()), message);
                }
            }
            sendFeedback();
        } catch (SQLException broken) {
            fail(new MigrationException(
                    Failure.of(
                            FailureKind.STREAM_BROKEN,
                            "The replication stream from the source broke off at " + received + ".",
                            SilenceWatch.why(connection, Side.SOURCE, broken)),
                    broken));
        } catch (DecodeException malformed) {
            fail(new MigrationException(
                    Failure.of(
                            FailureKind.DECODE_FAILED,
                            "A message of the source's stream could not be understood, near " + received + ".",
                            String.valueOf(malformed.getMessage())),
                    malformed));
        } catch (MigrationException known) {
            fail(known);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error bug) {
            fail(new MigrationException(
                    Failure.of(FailureKind.BUG, "The receiver of the stream failed.", bug.toString()), bug));
        } finally {
            closeQuietly();
        }
    }

    private void fail(MigrationException reason) {
        if (!stopping && failure == null) {
            failure = reason;
            log.error("stream ended received={}", received, reason);
        }
    }

    /// Nothing is to be read. Outside of a transaction the last position came with a keepalive or with a commit that
    /// was
    /// handed on: all that was committed before it is in the queue or further.
    private void idle() throws InterruptedException {
        sink.pause();
        if (!sink.isInsideTransaction()) {
            Lsn position = advance(stream.getLastReceiveLSN());
            long now = System.nanoTime();
            if (position.isAfter(lastIdle) && position.isAfter(acknowledged.get()) && now >= nextIdle) {
                if (sink.idle(position)) {
                    lastIdle = position;
                }
                nextIdle = now + IDLE_INTERVAL.toNanos();
            }
        }
        LockSupport.parkNanos(PARK_NANOS);
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    /// Relation and Type messages come with the position 0/0, so only progress counts.
    private Lsn advance(@Nullable LogSequenceNumber seen) {
        Lsn position = seen == null ? Lsn.INVALID : new Lsn(seen.asLong());
        received = received.max(position);
        return position;
    }

    private void feedbackIfDue() throws SQLException {
        if (System.nanoTime() >= nextFeedback) {
            sendFeedback();
        }
    }

    private void sendFeedback() throws SQLException {
        LogSequenceNumber durable = LogSequenceNumber.valueOf(acknowledged.get().value());
        stream.setFlushedLSN(durable);
        stream.setAppliedLSN(durable);
        stream.forceUpdateStatus();
        nextFeedback = System.nanoTime() + FEEDBACK_INTERVAL.toNanos();
    }

    private void closeQuietly() {
        try {
            stream.close();
        } catch (SQLException alreadyGone) {
            log.debug("closing the stream", alreadyGone);
        }
        SessionEnd.close(connection);
    }

    /// Whether its thread may still hand something to the sink: also for a moment after it was cut off.
    public boolean isAtWork() {
        return thread.isAlive();
    }

    /// Cuts the walsender session off at once, without a last word. A source that is being shut down waits for its
    /// walsenders until everything was confirmed that they have sent, which may take as long as the target likes; what
    /// was not confirmed comes again.
    ///
    /// @param why what [#failure] says from now on, if nothing has failed before
    public void cutOff(MigrationException why) {
        if (failure == null) {
            failure = why;
        }
        SessionEnd.cut(connection);
    }

    /// Sends a last status, ends the walsender session and waits for the thread; if the source does not answer in time
    /// the connection is cut.
    @Override
    public void close() {
        stopping = true;
        boolean interrupted = false;
        try {
            if (!thread.join(STOP_LIMIT)) {
                SessionEnd.cut(connection);
            }
        } catch (InterruptedException stop) {
            interrupted = true;
            SessionEnd.cut(connection);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
