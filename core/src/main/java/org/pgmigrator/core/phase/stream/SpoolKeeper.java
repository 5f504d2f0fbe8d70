package org.pgmigrator.core.phase.stream;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SessionEnd;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.spool.Spool;
import org.pgmigrator.core.state.SpoolRecord;
import org.pgmigrator.core.stream.AckPosition;
import org.pgmigrator.decoder.Lsn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The thread `spool-keeper`: lets what is durable in the spool be confirmed to the source, but only after the target
/// has
/// noted that; removes from the spool what the target has.
///
/// A target that does not answer ends nothing: it is asked again, and until then nothing more is confirmed, so that the
/// source keeps its WAL.
final class SpoolKeeper implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SpoolKeeper.class);

    private static final Duration ROUND = Duration.ofMillis(500);

    /// Each note is a row version on the target.
    private static final Duration NOTE_INTERVAL = Duration.ofSeconds(2);

    /// Without news the size is noted more seldom.
    private static final Duration SIZE_INTERVAL = Duration.ofSeconds(10);

    private static final Duration STOP_LIMIT = Duration.ofSeconds(15);

    private final Spool spool;
    private final Database target;
    private final String subscription;
    private final UUID owner;
    private final AckPosition applied;
    private final AckPosition confirmed;
    private final Runnable eachRound;
    private final Thread thread;
    private final CountDownLatch stopping = new CountDownLatch(1);

    private volatile @Nullable Connection connection;
    private volatile @Nullable MigrationException failure;
    private Lsn noted;
    private long notedAt;

    /// @param applied   what the applier has acknowledged
    /// @param confirmed what may be confirmed to the source: moved by this thread
    /// @param eachRound called twice a second, on this thread
    SpoolKeeper(
            Spool spool,
            Database target,
            String subscription,
            UUID owner,
            AckPosition applied,
            AckPosition confirmed,
            Runnable eachRound) {
        this.spool = spool;
        this.target = target;
        this.subscription = subscription;
        this.owner = owner;
        this.applied = applied;
        this.confirmed = confirmed;
        this.eachRound = eachRound;
        this.noted = Lsn.INVALID;
        this.notedAt = System.nanoTime() - SIZE_INTERVAL.toNanos();
        this.thread = Thread.ofPlatform().name("spool-keeper").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /// Why nothing is confirmed any more; empty while it runs, and after a stop that was asked for.
    Optional<MigrationException> failure() {
        return Optional.ofNullable(failure);
    }

    private void run() {
        try {
            do {
                round();
                eachRound.run();
            } while (!stopping.await(ROUND.toMillis(), TimeUnit.MILLISECONDS));
            // What the applier has done last is confirmed with the receiver's last word.
            confirmed.acknowledge(applied.get());
        } catch (MigrationException takenOver) {
            failure = takenOver;
            log.error("the spool is kept no more", takenOver);
        } catch (InterruptedException nobodyDoes) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error bug) {
            failure = new MigrationException(
                    Failure.of(FailureKind.BUG, "The keeper of the spool failed.", bug.toString()), bug);
            log.error("the spool is kept no more", bug);
        } finally {
            closeConnection();
        }
    }

    private void round() {
        Lsn onTarget = applied.get();
        spool.release(onTarget);
        confirmed.acknowledge(onTarget);
        Lsn durable = spool.durable();
        long silence = System.nanoTime() - notedAt;
        if (silence > SIZE_INTERVAL.toNanos() || (durable.isAfter(noted) && silence > NOTE_INTERVAL.toNanos())) {
            try {
                note(durable);
            } catch (SQLException lost) {
                closeConnection();
                if (!SqlState.UNDEFINED_TABLE.equals(lost.getSQLState())) {
                    log.warn("not noted on the target, so not confirmed durable={}: {}", durable, lost.getMessage());
                }
                // Not at once again: a server that is starting is not to be hammered at.
                notedAt = System.nanoTime();
            }
        }
    }

    /// First the note, committed, then the confirmation: never the other way round.
    private void note(Lsn durable) throws SQLException {
        Connection session = session();
        if (durable.isAfter(noted)) {
            FaultPoint.DURABLE.reached();
        }
        SpoolRecord.note(session, subscription, owner, durable, spool.bytes());
        if (durable.isAfter(noted)) {
            FaultPoint.DURABLE_NOTED.reached();
        }
        noted = durable;
        notedAt = System.nanoTime();
        confirmed.acknowledge(durable);
    }

    private Connection session() throws SQLException {
        Connection current = connection;
        if (current == null) {
            try {
                current = target.connect(
                        Session.named("spool").endingWithItsClient().with("synchronous_commit", "on"));
            } catch (MigrationException unreachable) {
                throw new SQLException(unreachable.failure().why(), unreachable);
            }
            connection = current;
        }
        return current;
    }

    private void closeConnection() {
        Connection current = connection;
        connection = null;
        SessionEnd.close(current);
    }

    @Override
    public void close() {
        stopping.countDown();
        boolean interrupted = false;
        try {
            if (!thread.join(ROUND.multipliedBy(2))) {
                // It may be waiting for the slot.
                thread.interrupt();
                if (!thread.join(STOP_LIMIT)) {
                    SessionEnd.cut(connection);
                }
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
