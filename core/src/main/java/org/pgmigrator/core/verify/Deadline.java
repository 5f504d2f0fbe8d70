package org.pgmigrator.core.verify;

import java.time.Duration;

/// When a comparison has to be over.
///
/// @param nanos by `System.nanoTime()`
record Deadline(long nanos) {

    /// Longer than any comparison, and far from an overflow.
    private static final Duration NEVER = Duration.ofDays(365);

    static Deadline in(Duration limit) {
        return new Deadline(System.nanoTime() + (limit.compareTo(NEVER) > 0 ? NEVER : limit).toNanos());
    }

    /// What is left, at least 1 ms: 0 would mean no limit to the server.
    long milliseconds() {
        return Math.max(1, (nanos - System.nanoTime()) / 1_000_000);
    }

    boolean hasPassed() {
        return System.nanoTime() - nanos >= 0;
    }
}
