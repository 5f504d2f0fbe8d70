package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/// Which database a migration comes from: what is undone or read there must be there, not on a server that happens to
/// have a slot of the same name.
///
/// @param system   the cluster's system identifier, which a physical copy of it shares
/// @param database the database's name
record SourceServer(String system, String database) {

    static SourceServer read(Connection source) throws SQLException {
        try (Statement statement = source.createStatement();
                ResultSet row = statement.executeQuery(
                        "select system_identifier::text, current_database() from pg_control_system()")) {
            row.next();
            return new SourceServer(row.getString(1), row.getString(2));
        }
    }

    /// `database orders of system 7312345678901234567`.
    String describe() {
        return "database " + database + " of system " + system;
    }
}
