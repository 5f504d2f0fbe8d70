package org.pgmigrator.sandbox.workload;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// The running count of all clients. Thread-safe.
final class Tally {

    private final LongAdder committed = new LongAdder();
    private final LongAdder rolledBack = new LongAdder();
    private final LongAdder conflicts = new LongAdder();
    private final LongAdder unknown = new LongAdder();
    private final Map<String, LongAdder> refused = new ConcurrentHashMap<>();
    private final AtomicReference<@Nullable String> firstRefusal = new AtomicReference<>();
    private final long start = System.nanoTime();
    private final AtomicLong lastCommit = new AtomicLong(start);
    private final AtomicLong longestPause = new AtomicLong();

    void countCommit() {
        long now = System.nanoTime();
        // The first commit ends no pause: sessions are only just being opened.
        long previous = lastCommit.getAndSet(now);
        if (previous != start) {
            longestPause.accumulateAndGet(now - previous, Math::max);
        }
        committed.increment();
    }

    void countRollback() {
        rolledBack.increment();
    }

    void countConflict() {
        conflicts.increment();
    }

    void countUnknown() {
        unknown.increment();
    }

    void countRefusal(SQLException failure) {
        String state = failure.getSQLState();
        refused.computeIfAbsent(state == null ? "none" : state, key -> new LongAdder())
                .increment();
        firstRefusal.compareAndSet(null, String.valueOf(failure.getMessage()));
    }

    long committed() {
        return committed.sum();
    }

    WorkloadTotals totals(long end) {
        Map<String, Long> refusals = new TreeMap<>();
        refused.forEach((state, count) -> refusals.put(state, count.sum()));
        return new WorkloadTotals(
                committed.sum(),
                rolledBack.sum(),
                conflicts.sum(),
                unknown.sum(),
                refusals,
                Optional.ofNullable(firstRefusal.get()),
                Duration.ofNanos(end - start),
                Duration.ofNanos(longestPause.get()));
    }
}
