package org.pgmigrator.sandbox.workload;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// When a client's next transaction is due. For one thread.
final class Pace {

    /// A client that was held up catches up for at most this long, instead of with one great burst.
    private static final long LARGEST_DEBT = Duration.ofSeconds(1).toNanos();

    /// After a refusal, so that a server that refuses everything is asked rather than stormed.
    private static final Duration AFTER_REFUSAL = Duration.ofMillis(50);

    private final CountDownLatch stopping;
    private final long interval;
    private long due = System.nanoTime();

    /// @param perSecond transactions; 0 for no waiting
    Pace(double perSecond, CountDownLatch stopping) {
        this.stopping = stopping;
        interval = perSecond == 0 ? 0 : (long) (1e9 / perSecond);
    }

    /// Waits for the next transaction's time.
    ///
    /// @return false if there is to be none
    boolean awaitTurn() throws InterruptedException {
        if (interval == 0) {
            return stopping.getCount() > 0;
        }
        long now = System.nanoTime();
        due = Math.max(due + interval, now - LARGEST_DEBT);
        return !stopping.await(due - now, TimeUnit.NANOSECONDS);
    }

    void pauseAfterRefusal() throws InterruptedException {
        stopping.await(AFTER_REFUSAL.toNanos(), TimeUnit.NANOSECONDS);
    }

    boolean isStopping() {
        return stopping.getCount() == 0;
    }
}
