package org.pgmigrator.sandbox.workload;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What the clients of a workload have done so far.
///
/// @param committed transactions whose COMMIT was confirmed
/// @param rolledBack transactions that the workload itself rolled back
/// @param conflicts transactions that the server rolled back because of another one: deadlocks, serialization failures
/// @param unknown transactions whose session was lost during COMMIT: they are there or not
/// @param refused other failures by SQLSTATE, such as 25006 (read-only) or 08006 (session lost)
/// @param firstRefusal the first of these in the server's words
/// @param elapsed from the start to now, or to the end
/// @param longestPause the longest time between two commits, whichever client's: the downtime that the application saw
public record WorkloadTotals(
        long committed,
        long rolledBack,
        long conflicts,
        long unknown,
        Map<String, Long> refused,
        Optional<String> firstRefusal,
        Duration elapsed,
        Duration longestPause) {

    public WorkloadTotals {
        refused = Map.copyOf(refused);
    }

    public long refusedCount() {
        return refused.values().stream().mapToLong(Long::longValue).sum();
    }

    public double committedPerSecond() {
        return elapsed.isZero() ? 0 : committed * 1e9 / elapsed.toNanos();
    }

    /// `12,345 transactions committed in 10.0 s (1,234/s)`, and what went wrong if anything did.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%,d transactions committed in %.1f s (%,.0f/s)",
                committed,
                elapsed.toNanos() / 1e9,
                committedPerSecond()));
        append(text, rolledBack, "rolled back on purpose");
        append(text, conflicts, "lost to conflicts");
        append(text, unknown, "with unknown outcome");
        if (!refused.isEmpty()) {
            append(text, refusedCount(), "refused " + new TreeMap<>(refused));
            firstRefusal.ifPresent(message -> text.append(", first: ").append(message));
        }
        return text.toString();
    }

    private static void append(StringBuilder text, long count, String what) {
        if (count > 0) {
            text.append(String.format(Locale.ROOT, ", %,d %s", count, what));
        }
    }
}
