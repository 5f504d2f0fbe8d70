package org.pgmigrator.core.verify;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.UnsteadyPartitions;

/// What one side has, read before anything is compared.
///
/// @param encoding   of the database
/// @param role       the connected role
/// @param tables     all user tables, sorted by name
/// @param unreadable why a table's rows can't be read, by its oid
/// @param keys       columns that tell rows apart, by the table's oid; a table may have none
/// @param unsteady   partitions whose rows may be in other ones on the other side
record SideCatalog(
        String encoding,
        String role,
        List<CatalogTable> tables,
        Map<Long, String> unreadable,
        Map<Long, List<String>> keys,
        Set<QualifiedName> unsteady) {

    private static final String UNREADABLE = """
            select c.oid::int8,
                   not (has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, 'SELECT')),
                   case when c.relrowsecurity then row_security_active(c.oid) else false end
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p') and c.relpersistence <> 't' and %s
            """.formatted(Catalog.USER_SCHEMA);

    /// The primary key, else the replica identity, else the shortest unique index without NULLs. A deferrable one will
    /// do: rows with the same key are told apart by their hashes.
    private static final String KEYS = """
            select distinct on (i.indrelid) i.indrelid::int8,
                   array(select a.attname::text
                         from unnest(i.indkey::int2[]) with ordinality k(attnum, position)
                         join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                         where k.position <= i.indnkeyatts order by k.position)
            from pg_index i
            join pg_class c on c.oid = i.indrelid
            join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p') and i.indisunique and i.indisvalid and i.indpred is null
              and i.indexprs is null and %s
              and not exists (select from unnest(i.indkey::int2[]) with ordinality k(attnum, position)
                              join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                              where k.position <= i.indnkeyatts and not a.attnotnull)
            order by i.indrelid, not i.indisprimary, not i.indisreplident, i.indnkeyatts, i.indexrelid
            """.formatted(Catalog.USER_SCHEMA);

    static SideCatalog read(Connection connection) throws SQLException {
        return new SideCatalog(
                String.valueOf(Catalog.value(
                        connection,
                        "select pg_encoding_to_char(encoding) from pg_database where datname = current_database()")),
                String.valueOf(Catalog.value(connection, "select quote_ident(current_user)")),
                Catalog.tables(connection),
                unreadable(connection),
                keys(connection),
                UnsteadyPartitions.read(connection).keySet());
    }

    private static Map<Long, String> unreadable(Connection connection) throws SQLException {
        Map<Long, String> reasons = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(UNREADABLE)) {
            while (row.next()) {
                if (row.getBoolean(2)) {
                    reasons.put(row.getLong(1), "may not read it (it needs USAGE on the schema and SELECT)");
                } else if (row.getBoolean(3)) {
                    reasons.put(
                            row.getLong(1),
                            "does not see all rows: a row level security policy applies (it needs BYPASSRLS)");
                }
            }
        }
        return reasons;
    }

    private static Map<Long, List<String>> keys(Connection connection) throws SQLException {
        Map<Long, List<String>> keys = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(KEYS)) {
            while (row.next()) {
                keys.put(
                        row.getLong(1), Arrays.asList((String[]) row.getArray(2).getArray()));
            }
        }
        return keys;
    }
}
