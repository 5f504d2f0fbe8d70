package org.pgmigrator.core.apply;

import java.sql.SQLException;
import org.pgmigrator.core.stream.Change;

/// A way to write changes to the target, inside the target transaction of its caller. Confined to the thread that
/// writes.
sealed interface ChangeWriter permits StrictWriter, WindowWriter {

    /// Takes a change; it is on the target at the latest when [#flush] returns.
    void write(Change change, Origin origin) throws SQLException;

    /// Writes everything that was taken.
    void flush() throws SQLException;

    /// How often a table's part of a window had to be written one by one after all. May be called by any thread.
    int fallbacks();
}
