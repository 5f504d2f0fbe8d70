package org.pgmigrator.cli.demo;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Cuts over without an operator, some seconds after the target has caught up, or without that if it can't: the cutover
/// then drains what is left. Closing it calls that off.
final class AutomaticCutover implements AutoCloseable {

    /// An application as fast as it can be on this machine may be faster than the target; nobody waits for ever.
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final CountDownLatch streaming = new CountDownLatch(1);
    private final CountDownLatch caughtUp = new CountDownLatch(1);
    private final Thread thread;

    /// @param pause  how long the caught-up target is shown
    /// @param action what starts the cutover
    AutomaticCutover(Duration pause, Runnable action) {
        thread = Thread.ofPlatform().daemon().name("demo-cutover").start(() -> {
            try {
                streaming.await();
                if (caughtUp.await(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
                    TimeUnit.NANOSECONDS.sleep(pause.toNanos());
                }
                action.run();
            } catch (InterruptedException e) {
                // The migration has ended in another way: there is nothing to cut over.
                Thread.currentThread().interrupt();
            }
        });
    }

    void streaming() {
        streaming.countDown();
    }

    void caughtUp() {
        caughtUp.countDown();
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
