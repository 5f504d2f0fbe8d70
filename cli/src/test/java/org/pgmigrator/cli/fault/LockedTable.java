package org.pgmigrator.cli.fault;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.pgmigrator.sandbox.server.PostgresServer;

/// A table that nobody else can touch until it is released.
record LockedTable(Connection holder) {

    static LockedTable lock(PostgresServer server, String database, String table) throws SQLException {
        Connection holder = server.connect(database);
        try (Statement statement = holder.createStatement()) {
            statement.execute("BEGIN READ WRITE");
            statement.execute("LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE");
        }
        return new LockedTable(holder);
    }

    /// Without effect the second time.
    void release() {
        try {
            holder.close();
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }
}
