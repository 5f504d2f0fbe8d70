package org.pgmigrator.core.snapshot;

/// Remembers, durably, how to undo what is about to be done: written before the deed, so that a crash between the two
/// leaves nothing unknown behind.
public interface UndoLog {

    /// Announces a deed.
    ///
    /// @param what    what is about to be created, for a person: `replication slot "pg_migrator"`
    /// @param undoSql one statement that removes it, and does no harm if it does not exist
    /// @return the entry's number, for [#forget]
    long willCreate(String what, String undoSql);

    /// The deed did not happen, and what was found in its place belongs to somebody else.
    void forget(long entry);
}
