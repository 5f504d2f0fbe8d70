package org.pgmigrator.core.snapshot;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/// What the creation of a logical slot waits for: every transaction that was writing when it began.
public final class SlotBlockers {

    private static final String BLOCKERS = """
            select format('pid %s, user %s, database %s, application "%s", %s for %s s, transaction open for %s s',
                          pid, usename, datname, application_name, state,
                          round(extract(epoch from clock_timestamp() - state_change)),
                          round(extract(epoch from clock_timestamp() - xact_start)))
            from pg_stat_activity
            where backend_xid is not null and pid <> pg_backend_pid()
            union all
            select format('prepared transaction "%s" of %s in database %s, since %s', gid, owner, database, prepared)
            from pg_prepared_xacts
            """;

    private SlotBlockers() {}

    /// One line for each; a session of another user shows only what the role may see.
    public static List<String> list(Connection source) throws SQLException {
        List<String> blockers = new ArrayList<>();
        try (Statement statement = source.createStatement();
                ResultSet row = statement.executeQuery(BLOCKERS)) {
            while (row.next()) {
                blockers.add(row.getString(1));
            }
        }
        return blockers;
    }
}
