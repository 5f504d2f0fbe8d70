package org.pgmigrator.core.phase.copy;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.pgmigrator.core.copy.RowCopy;
import org.pgmigrator.core.copy.RowUnit;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.stream.Outage;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;

/// What the copy does about a lost session or a target without room: waits before the next attempt, one thread at a
/// time, and knows when it is over.
///
/// Thread-safe.
final class CopyPatience {

    /// A loss after so long without one is another outage.
    private static final Duration OVER = Duration.ofMinutes(1);

    /// How time passes.
    @FunctionalInterface
    interface Pause {
        void lasts(Duration pause) throws InterruptedException;
    }

    /// Its own lock, not the one that is held while somebody waits: who has work done does not wait for that.
    private final Outage outage;

    private final ProgressListener listener;
    private final Pause pausing;

    /// Guarded by the outage.
    private long lostAt;

    CopyPatience(Outage outage, ProgressListener listener) {
        this(outage, listener, Thread::sleep);
    }

    CopyPatience(Outage outage, ProgressListener listener, Pause pausing) {
        this.outage = outage;
        this.listener = listener;
        this.pausing = pausing;
    }

    /// Waits before the next attempt of what is no part of the rows.
    ///
    /// @param requireAlive of the copy's snapshot: without it there is no next attempt
    void await(Runnable requireAlive, MigrationException lost) throws InterruptedException {
        await(requireAlive, lost, () -> outage.pauseAfter(lost));
    }

    private synchronized void await(Runnable requireAlive, MigrationException lost, Decision decision)
            throws InterruptedException {
        requireAlive.run();
        Duration pause;
        String words;
        synchronized (outage) {
            if (outage.now() - lostAt > OVER.toNanos()) {
                outage.isQuiet();
            }
            lostAt = outage.now();
            pause = decision.pause().orElseThrow(() -> outage.last(lost));
            words = outage.describeCopy(lost, pause);
        }
        listener.on(new ProgressEvent.Warning(words));
        pausing.lasts(pause);
        synchronized (outage) {
            lostAt = outage.now();
        }
    }

    /// How long to wait; empty: it has lasted for too long.
    @FunctionalInterface
    private interface Decision {
        Optional<Duration> pause();
    }

    /// What had to be tried again is complete.
    void isOver() {
        synchronized (outage) {
            outage.isOver();
        }
    }

    /// For one run through the rows, of which several parts are tried at the same time.
    RowCopy.Patience ofRows(Runnable requireAlive) {
        return new OfRows(requireAlive);
    }

    private final class OfRows implements RowCopy.Patience {

        private final Runnable requireAlive;

        /// When each part failed first that was not completed since. Guarded by the outage.
        private final Map<Integer, Long> inTrouble = new HashMap<>();

        OfRows(Runnable requireAlive) {
            this.requireAlive = requireAlive;
        }

        @Override
        public void afterLoss(RowUnit unit, MigrationException lost) throws InterruptedException {
            await(
                    requireAlive,
                    lost,
                    () -> outage.pauseAfter(lost, inTrouble.computeIfAbsent(unit.number(), first -> outage.now())));
        }

        /// Over for this part. For others it may not be: what is small may find the room that what is large does not.
        @Override
        public void isMadeGood(RowUnit unit) {
            synchronized (outage) {
                inTrouble.remove(unit.number());
                if (inTrouble.isEmpty()) {
                    outage.isOver();
                }
            }
        }
    }
}
