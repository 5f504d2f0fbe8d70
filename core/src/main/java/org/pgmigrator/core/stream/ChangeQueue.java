package org.pgmigrator.core.stream;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;

/// The hand-over from the receiver to the applier: bounded by bytes, first in first out. Thread-safe.
///
/// An item larger than the bound is let in when the queue is empty, so that no row is too large. Once the consumer has
/// abandoned the queue nothing more is taken from it, and [#offer] says so.
public final class ChangeQueue {

    /// Sixteen megabytes: enough to keep the applier busy over a pause of the network, small beside a 256 MB heap.
    public static final long DEFAULT_CAPACITY_BYTES = 16L << 20;

    /// What an item costs beside its bytes: objects around the slices.
    private static final int OVERHEAD_BYTES = 256;

    private final long capacityBytes;

    @GuardedBy("this")
    private final ArrayDeque<StreamItem> items = new ArrayDeque<>();

    @GuardedBy("this")
    private long heldBytes;

    @GuardedBy("this")
    private boolean abandoned;

    public ChangeQueue(long capacityBytes) {
        this.capacityBytes = capacityBytes;
    }

    /// Puts an item at the end, waiting at most `limit` for room.
    ///
    /// @return false if there was no room in time, or the consumer is gone ([#isAbandoned])
    public synchronized boolean offer(StreamItem item, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!abandoned && !items.isEmpty() && heldBytes + size(item) > capacityBytes) {
            long millis = (deadline - System.nanoTime() + 999_999) / 1_000_000;
            if (millis <= 0) {
                return false;
            }
            wait(millis);
        }
        if (abandoned) {
            return false;
        }
        items.addLast(item);
        heldBytes += size(item);
        notifyAll();
        return true;
    }

    /// Takes the oldest item, waiting at most `limit` for one.
    public synchronized Optional<StreamItem> poll(Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (items.isEmpty()) {
            long millis = (deadline - System.nanoTime() + 999_999) / 1_000_000;
            if (millis <= 0) {
                return Optional.empty();
            }
            wait(millis);
        }
        StreamItem item = items.removeFirst();
        heldBytes -= size(item);
        notifyAll();
        return Optional.of(item);
    }

    /// The consumer has ended: nothing will be taken any more, and what is held is let go.
    public synchronized void abandon() {
        abandoned = true;
        items.clear();
        heldBytes = 0;
        notifyAll();
    }

    public synchronized boolean isAbandoned() {
        return abandoned;
    }

    public synchronized boolean isEmpty() {
        return items.isEmpty();
    }

    private static long size(StreamItem item) {
        return item.bytes() + OVERHEAD_BYTES;
    }
}
