package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.SQLException;

/// Remembers on the target which parts of the rows are complete.
public interface DoneMarks {

    /// Whether a part is marked: asked in a new session after one was lost, whose last word is not known.
    boolean isDone(Connection target, RowUnit unit) throws SQLException;

    /// Marks a part, in the transaction that has written its rows.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException if it is marked already: the transaction must not commit
    void mark(Connection target, RowUnit unit, long rows) throws SQLException;
}
