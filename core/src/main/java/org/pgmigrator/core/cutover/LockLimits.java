package org.pgmigrator.core.cutover;

import java.time.Duration;

/// How long the source lock makes others wait, and how soon it lets go of the source by itself.
///
/// @param attempt      longest wait of one attempt, and so of everybody who queues behind it
/// @param pause        mean pause between two attempts
/// @param switchDelay  the server ends the lock session when it has heard nothing for so long
/// @param ping         between two signs of life; several fit into `switchDelay`
record LockLimits(Duration attempt, Duration pause, Duration switchDelay, Duration ping) {

    /// Below a server's usual `deadlock_timeout` (1 s), so that an application never gets a deadlock error from us; and
    /// a
    /// source that is free within 10 seconds whatever becomes of this process, the time of its last statement included.
    static final LockLimits DEFAULT = new LockLimits(
            Duration.ofMillis(750), Duration.ofMillis(1500), Duration.ofSeconds(6), Duration.ofSeconds(1));

    /// Taking the locks is work too: time for so many of them, on a slow machine.
    Duration attemptFor(int relations) {
        return attempt.plus(Duration.ofNanos(100_000L * relations));
    }

    /// Longest time for the fence's statements: a hung process's locks go after this and `switchDelay`.
    static Duration fenceFor(int relations) {
        Duration scaled = Duration.ofMillis(2L * relations);
        Duration least = Duration.ofSeconds(4);
        return scaled.compareTo(least) > 0 ? scaled : least;
    }
}
