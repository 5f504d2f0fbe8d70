package org.pgmigrator.core.uncarried;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A thread beside the one that works: it cancels the statements on both servers when the work is no longer wanted, or
/// when the working thread is interrupted, since a statement does not notice an interrupt by itself.
///
/// Made and closed by the working thread. Thread-safe otherwise.
final class Watch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Watch.class);

    /// How often it looks, and repeats a cancel: one that comes between two statements has no effect.
    private static final long PAUSE_MS = 100;

    private final BooleanSupplier alive;
    private final List<Connection> sessions;
    private final Thread worker = Thread.currentThread();
    private final CountDownLatch over = new CountDownLatch(1);
    private final Thread thread;
    private volatile boolean stopped;
    private volatile boolean unwanted;

    private Watch(BooleanSupplier alive, List<Connection> sessions) {
        this.alive = alive;
        this.sessions = List.copyOf(sessions);
        this.thread = Thread.ofPlatform().daemon().name("uncarried-watch").unstarted(this::run);
    }

    /// @param alive whether the work is still wanted; asked ten times a second, from the watch's own thread
    static Watch start(BooleanSupplier alive, List<Connection> sessions) {
        Watch watch = new Watch(alive, sessions);
        watch.thread.start();
        return watch;
    }

    private void run() {
        try {
            while (!over.await(PAUSE_MS, TimeUnit.MILLISECONDS)) {
                if (worker.isInterrupted() || !alive.getAsBoolean()) {
                    unwanted = true;
                }
                if (stopped || unwanted) {
                    cancel();
                }
            }
        } catch (InterruptedException stop) {
            unwanted = true;
            cancel();
            Thread.currentThread().interrupt();
        } catch (RuntimeException failed) {
            LOG.warn("the watch of a step of the cutover failed", failed);
            unwanted = true;
            cancel();
        }
    }

    private void cancel() {
        for (Connection session : sessions) {
            try {
                session.unwrap(PGConnection.class).cancelQuery();
            } catch (SQLException unreachable) {
                LOG.debug("a statement could not be cancelled reason={}", unreachable.getMessage());
            }
        }
    }

    /// Ends what runs on the servers, after a failure of which the caller tells.
    void stop() {
        stopped = true;
        cancel();
    }

    /// Says whether to go on; between two statements, and at intervals within one.
    ///
    /// @throws InterruptedException if the working thread was interrupted, which stays so
    /// @throws MigrationException   CUTOVER_NOT_COMPLETED if the work is no longer wanted
    void requireWanted() throws InterruptedException {
        if (worker.isInterrupted()) {
            throw new InterruptedException();
        }
        if (unwanted) {
            throw new MigrationException(Failure.of(
                    FailureKind.CUTOVER_NOT_COMPLETED,
                    "What logical decoding does not carry was not brought to the target.",
                    "the cutover does not go on any more, or its time is over"));
        }
    }

    /// Whether it is the watch that has ended the work.
    boolean isUnwanted() {
        return unwanted || worker.isInterrupted();
    }

    /// Nothing is cancelled any more when this returns.
    @Override
    public void close() {
        over.countDown();
        boolean interrupted = Thread.interrupted();
        try {
            thread.join();
        } catch (InterruptedException again) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
