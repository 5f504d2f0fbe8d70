package org.pgmigrator.core.cutover;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.postgres.SqlState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The thread that keeps the lock session alive, for as long as whoever the lock is for is alive.
///
/// When it falls silent the server ends the session by `idle_in_transaction_session_timeout`, and the source is free:
/// after a crash, a stop of the process or a cut network as well as when the drain has ended or its time is over.
final class DeadMansSwitch {

    private static final Logger LOG = LoggerFactory.getLogger(DeadMansSwitch.class);

    private static final Duration JOIN = Duration.ofSeconds(1);

    private final LockSession session;
    private final BooleanSupplier alive;
    private final Duration interval;
    private final CountDownLatch stop = new CountDownLatch(1);
    private final Thread thread;
    private volatile @Nullable String lost;

    private DeadMansSwitch(LockSession session, BooleanSupplier alive, Duration interval) {
        this.session = session;
        this.alive = alive;
        this.interval = interval;
        thread = Thread.ofPlatform().daemon().name("source-lock").unstarted(this::run);
    }

    static DeadMansSwitch start(LockSession session, BooleanSupplier alive, Duration interval) {
        DeadMansSwitch started = new DeadMansSwitch(session, alive, interval);
        started.thread.start();
        return started;
    }

    private void run() {
        try {
            while (!stop.await(interval.toMillis(), TimeUnit.MILLISECONDS)) {
                if (!sign()) {
                    return;
                }
            }
        } catch (InterruptedException stopped) {
            lose("its watchdog was interrupted");
            Thread.currentThread().interrupt();
        } catch (RuntimeException failed) {
            lose("its watchdog failed: " + failed);
        }
    }

    /// One sign of life, unless nobody is alive to give it for. From then on there is none any more.
    ///
    /// @return whether the lock is held
    boolean sign() {
        if (lost != null) {
            return false;
        }
        if (!alive.getAsBoolean()) {
            lose("the cutover does not go on any more, or its time is over");
            return false;
        }
        try {
            if (session.isHeld()) {
                return true;
            }
            lose("its transaction has ended");
        } catch (SQLException gone) {
            lose(SqlState.serverWords(gone));
        }
        return false;
    }

    private void lose(String reason) {
        if (stop.getCount() > 0 && lost == null) {
            LOG.warn("source lock lost pid={} reason={}", session.pid(), reason);
            lost = reason;
        }
    }

    /// Why the lock is not held any more; empty as long as nothing is known.
    Optional<String> lost() {
        return Optional.ofNullable(lost);
    }

    /// No more signs of life. What is known about the lock stays known.
    void stop() {
        stop.countDown();
        boolean interrupted = Thread.interrupted();
        try {
            thread.join(JOIN);
        } catch (InterruptedException again) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
