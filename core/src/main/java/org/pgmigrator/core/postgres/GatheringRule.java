package org.pgmigrator.core.postgres;

import java.util.concurrent.TimeUnit;

/// Says before each read of a stream whether more bytes should gather first. Confined to one thread.
///
/// A walsender makes one `send` per change. If the receiver reads each as it comes, every send wakes it, and that is
/// most of what the walsender's CPU is spent on. If the receiver stays away until its window is full, the source's
/// kernel appends to what waits already, at a fraction of the cost, and the reads become large. Both states keep
/// themselves up: a receiver that empties the socket at once never meets a full one. So it has to stay away on purpose,
/// but only where there is much to read: an idle or slow stream is read at once.
final class GatheringRule {

    /// A stream below this is not worth a wait. Short changes of a backlog come at several times this rate even when
    /// they are read one by one; 2,000 changes/s of a live application are far below it.
    static final long BUSY_BYTES_PER_SECOND = 2L << 20;

    /// After a read of at least this much the next one may follow at once: the socket had gathered enough.
    static final int LARGE_READ_BYTES = 30_000;

    /// The rate is taken over intervals of at least this length: long beside a wait, in which nothing is read.
    static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private long intervalStart;
    private long intervalBytes;
    private boolean busy;
    private boolean lastReadWasSmall;

    GatheringRule(long now) {
        this.intervalStart = now;
    }

    /// Whether the next read should wait until more has come.
    ///
    /// @param now nanoseconds, as everywhere here
    boolean gathersAt(long now) {
        endIntervalAt(now);
        return busy && lastReadWasSmall;
    }

    /// Takes note of a read.
    void received(int bytes, long now) {
        intervalBytes += bytes;
        lastReadWasSmall = bytes < LARGE_READ_BYTES;
        endIntervalAt(now);
    }

    private void endIntervalAt(long now) {
        long elapsed = now - intervalStart;
        if (elapsed >= INTERVAL_NANOS) {
            busy = (double) intervalBytes * TimeUnit.SECONDS.toNanos(1) / elapsed >= BUSY_BYTES_PER_SECOND;
            intervalStart = now;
            intervalBytes = 0;
        }
    }
}
