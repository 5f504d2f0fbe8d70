package org.pgmigrator.core.progress;

/// What the next Ctrl+C does.
public enum OnInterrupt {
    /// End what the migration is a part of. It is not running: not yet, or not any more. Never said by a migration.
    END,
    /// Stop, and remove what was created on both sides.
    STOP_AND_REMOVE,
    /// Cut over: drain, prove, finish.
    CUT_OVER,
    /// Stop at once; the source goes on serving, and what is left behind is named.
    STOP_NOW,
    /// Stop at once, out of a cutover that a lost connection has cut off: whether the source is closed is not
    /// known.
    STOP_UNDECIDED,
    /// Nothing: it is past the point of no return. What is left is to open the target and to clean up.
    NOTHING
}
