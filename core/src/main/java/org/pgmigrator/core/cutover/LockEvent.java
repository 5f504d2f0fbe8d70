package org.pgmigrator.core.cutover;

import java.util.List;

/// What happens while the source's lock is waited for.
public sealed interface LockEvent {

    /// The lock was not granted, or was not asked for because it could not have been; there will be another attempt.
    ///
    /// @param attempt  counted from 1
    /// @param tried    false if the blockers were seen beforehand, so that nobody had to queue behind an attempt
    /// @param blockers who holds the tables; empty if they have ended meanwhile
    record Waiting(int attempt, boolean tried, List<LockBlocker> blockers) implements LockEvent {
        public Waiting {
            blockers = List.copyOf(blockers);
        }
    }

    /// A blocker's session was ended, as `--terminate-blockers-after` asks for.
    record Terminated(LockBlocker blocker) implements LockEvent {}

    /// It was to be ended, but the role may not.
    ///
    /// @param why    the server's words
    /// @param remedy SQL for a superuser
    record TerminationRefused(LockBlocker blocker, String why, String remedy) implements LockEvent {}
}
