package org.pgmigrator.sandbox.proxy;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// What the network is like at the moment. Thread-safe; a change holds at once for bytes that already wait.
final class Faults {

    /// A throttled writer sends in portions of this time, so that it notices a change soon.
    private static final Duration PORTION = Duration.ofMillis(20);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition opened = lock.newCondition();
    private boolean blackHole;
    private volatile long delayNanos;
    private volatile long bytesPerSecond;

    void blackHole(boolean wanted) {
        lock.lock();
        try {
            blackHole = wanted;
            opened.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void delay(Duration wanted) {
        delayNanos = wanted.toNanos();
    }

    void throttle(long wantedBytesPerSecond) {
        bytesPerSecond = wantedBytesPerSecond;
    }

    /// Waits until bytes received at `receivedAt` may go on.
    void awaitPassage(long receivedAt) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(receivedAt + delayNanos - System.nanoTime());
        lock.lock();
        try {
            while (blackHole) {
                opened.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /// How many of the waiting bytes may be sent now; takes as long as these need.
    int portion(int waiting) throws InterruptedException {
        long rate = bytesPerSecond;
        if (rate == 0) {
            return waiting;
        }
        int portion = Math.clamp(rate * PORTION.toMillis() / 1000, 1, waiting);
        TimeUnit.NANOSECONDS.sleep(portion * 1_000_000_000L / rate);
        return portion;
    }
}
