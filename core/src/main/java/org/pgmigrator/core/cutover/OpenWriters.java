package org.pgmigrator.core.cutover;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.postgres.CatalogTable;

/// Transactions that have begun to write and have not ended: a marker does not wait for them, and what they commit
/// after it would be missing.
///
/// Everybody may see locks, so this sees the writers of other roles too.
/// Source: https://www.postgresql.org/docs/current/explicit-locking.html (Table-Level Locks)
public final class OpenWriters {

    private static final String WRITERS = """
            select format('pid %s (user %s, application "%s") on %s', l.pid, a.usename, a.application_name,
                          string_agg(l.relation::regclass::text, ', ' order by l.relation::regclass::text))
            from pg_locks l left join pg_stat_activity a on a.pid = l.pid
            where l.locktype = 'relation' and l.granted and l.mode in ('RowExclusiveLock', 'AccessExclusiveLock')
              and l.database = (select oid from pg_database where datname = current_database())
              and l.relation = any(?) and l.pid <> pg_backend_pid()
            group by l.pid, a.usename, a.application_name
            order by l.pid
            """;

    private OpenWriters() {}

    /// One line for each session that holds a writer's lock on one of these tables.
    public static List<String> list(Connection source, List<CatalogTable> tables) throws SQLException {
        Array oids = source.createArrayOf(
                "int8", tables.stream().map(CatalogTable::oid).toArray());
        List<String> writers = new ArrayList<>();
        try (PreparedStatement statement = source.prepareStatement(WRITERS)) {
            statement.setArray(1, oids);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    writers.add(row.getString(1));
                }
            }
        }
        return writers;
    }
}
