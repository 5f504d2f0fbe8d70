package org.pgmigrator.core.apply;

import java.time.Duration;

/// When a target transaction that holds complete transactions of the source is committed.
///
/// @param maxChanges changes after which it is
/// @param maxBytes   held bytes after which it is; in the middle of a larger transaction, what was taken is written
/// @param maxAge     time after its first transaction at which it is
/// @param eagerBytes held bytes from which on it is if the target has nothing to do
/// @param linger     time to wait for more when nothing is there to be read, under load only
/// @param lingerBytes held bytes from which on nothing is waited for
record CommitRule(int maxChanges, long maxBytes, Duration maxAge, long eagerBytes, Duration linger, long lingerBytes) {

    /// Two windows and the queue are in memory at a time, and what a window is folded to.
    private static final long WINDOW_BYTES =
            Math.min(32L << 20, Runtime.getRuntime().maxMemory() / 16);

    /// Rows that are updated again and again within one transaction leave versions behind that cannot be pruned: few
    /// changes in one.
    static final CommitRule STRICT =
            new CommitRule(2_000, Long.MAX_VALUE, Duration.ofMillis(200), Long.MAX_VALUE, Duration.ZERO, 0);

    /// Each row is touched once however often it changes: the more the better, as far as memory goes.
    static final CommitRule WINDOWS = new CommitRule(
            Integer.MAX_VALUE, WINDOW_BYTES, Duration.ofMillis(250), 2L << 20, Duration.ofMillis(10), 1 << 20);

    /// What the target is doing about the windows before.
    enum Before {
        /// They are committed, and the next would be while more is taken.
        NOTHING,
        /// They are committed; while the next is, nothing is taken.
        COMMITTED,
        /// Something is under way, and the next would have to wait for it.
        UNDER_WAY
    }

    /// A commit of fewer changes is not load: whoever waits for it should see it at once.
    private static final int LOAD_CHANGES = 1_000;

    boolean isDue(int changes, long bytes, long ageNanos, Before before) {
        return changes >= maxChanges
                || isFull(bytes, before)
                || (before != Before.UNDER_WAY && ageNanos >= maxAge.toNanos());
    }

    /// Whether what is held is enough to be written.
    boolean isFull(long bytes, Before before) {
        return bytes >= (before == Before.NOTHING ? eagerBytes : maxBytes);
    }

    /// How much longer to wait for more.
    ///
    /// @param changesOfLastCommit how large the last target transaction was: what tells load
    Duration linger(long bytes, long ageNanos, int changesOfLastCommit) {
        return changesOfLastCommit < LOAD_CHANGES || bytes >= lingerBytes || ageNanos >= linger.toNanos()
                ? Duration.ZERO
                : linger.minusNanos(ageNanos);
    }
}
