package org.pgmigrator.core.postgres;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.CatalogTable.CatalogColumn;
import org.pgmigrator.core.postgres.CatalogTable.ColumnIdentity;
import org.pgmigrator.core.postgres.CatalogTable.Identity;
import org.pgmigrator.core.postgres.CatalogTable.IdentityIndex;

/// Reads the tables of a database from its catalogue, in the caller's transaction and so under its snapshot.
public final class Catalog {

    /// Where pg-migrator keeps its own state on the target; never migrated itself.
    public static final String OWN_SCHEMA = "pgmigrator";

    /// Where the fence of a source that was cut over from has its function; nothing else is in it.
    public static final String FENCE_SCHEMA = "pgmigrator_fence";

    /// The condition, on an alias `n` of `pg_namespace`, that a schema is a user's.
    public static final String USER_SCHEMA =
            "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', '" + OWN_SCHEMA + "')";

    private static final String COLUMNS = """
            select a.attrelid::int8, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                   a.attgenerated <> '', a.attidentity
            from pg_attribute a
            join pg_class c on c.oid = a.attrelid
            join pg_namespace n on n.oid = c.relnamespace
            where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p') and c.relpersistence <> 't' and
            """;

    /// The server's own rule for an identity index: RelationGetIndexList in relcache.c.
    private static final String TABLES = """
            select c.oid::int8, n.nspname, c.relname, c.relkind = 'p', c.relpersistence = 'u',
                   exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                           and d.deptype = 'e'),
                   c.relfilenode::int8,
                   pn.nspname, pc.relname, rn.nspname, rc.relname, c.relreplident,
                   ic.relname,
                   (select array_agg(a.attname::text order by k.position)
                    from unnest(i.indkey::int2[]) with ordinality k(attnum, position)
                    join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
                    where k.position <= i.indnkeyatts),
                   pg_table_size(c.oid), c.reltuples::float8
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            left join lateral (select inhparent from pg_inherits where inhrelid = c.oid
                               order by inhseqno limit 1) h on true
            left join pg_class pc on pc.oid = h.inhparent
            left join pg_namespace pn on pn.oid = pc.relnamespace
            left join pg_class rc on c.relispartition and rc.oid = pg_partition_root(c.oid)
            left join pg_namespace rn on rn.oid = rc.relnamespace
            left join pg_index i on i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indimmediate
                 and i.indpred is null
                 and (c.relreplident = 'i' and i.indisreplident or c.relreplident <> 'i' and i.indisprimary)
            left join pg_class ic on ic.oid = i.indexrelid
            where c.relkind in ('r', 'p') and c.relpersistence <> 't' and
            """;

    private static final String NAMED =
            "(n.nspname::text, c.relname::text) in (select * from unnest(?::text[], ?::text[]))";

    private Catalog() {}

    /// Every user table: ordinary, partition or partitioned, permanent or unlogged, sorted by name.
    public static List<CatalogTable> tables(Connection connection) throws SQLException {
        return tables(connection, USER_SCHEMA);
    }

    /// Some tables, of any schema: those of the names that there are.
    public static List<CatalogTable> tables(Connection connection, Collection<QualifiedName> names)
            throws SQLException {
        return tables(
                connection,
                NAMED,
                connection.createArrayOf(
                        "text", names.stream().map(QualifiedName::schema).toArray()),
                connection.createArrayOf(
                        "text", names.stream().map(QualifiedName::name).toArray()));
    }

    private static List<CatalogTable> tables(Connection connection, String which, Array... parameters)
            throws SQLException {
        Map<Long, List<CatalogColumn>> columns = columns(connection, which, parameters);
        List<CatalogTable> tables = new ArrayList<>();
        try (PreparedStatement statement = prepare(
                        connection,
                        TABLES + which + " order by n.nspname collate \"C\", c.relname collate \"C\"",
                        parameters);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                tables.add(table(row, columns));
            }
        }
        return tables;
    }

    private static PreparedStatement prepare(Connection connection, String sql, Array... parameters)
            throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < parameters.length; i++) {
            statement.setArray(i + 1, parameters[i]);
        }
        return statement;
    }

    private static CatalogTable table(ResultSet row, Map<Long, List<CatalogColumn>> columnsByTable)
            throws SQLException {
        long oid = row.getLong(1);
        List<CatalogColumn> columns = columnsByTable.getOrDefault(oid, List.of());
        return new CatalogTable(
                oid,
                new QualifiedName(row.getString(2), row.getString(3)),
                row.getBoolean(4),
                row.getBoolean(5),
                row.getBoolean(6),
                row.getLong(7),
                name(row.getString(8), row.getString(9)),
                name(row.getString(10), row.getString(11)),
                Identity.of(row.getString(12)),
                identityIndex(row.getString(13), row.getArray(14), columns),
                columns,
                row.getLong(15),
                Math.round(row.getDouble(16)));
    }

    private static Optional<QualifiedName> name(@Nullable String schema, @Nullable String name) {
        return schema == null || name == null ? Optional.empty() : Optional.of(new QualifiedName(schema, name));
    }

    private static Optional<IdentityIndex> identityIndex(
            @Nullable String index, @Nullable Array columnNames, List<CatalogColumn> columns) throws SQLException {
        if (index == null || columnNames == null) {
            return Optional.empty();
        }
        List<String> names = List.of((String[]) columnNames.getArray());
        boolean generated = columns.stream().anyMatch(column -> column.generated() && names.contains(column.name()));
        boolean notNull =
                columns.stream().filter(column -> names.contains(column.name())).allMatch(CatalogColumn::notNull);
        return notNull ? Optional.of(new IdentityIndex(index, names, generated)) : Optional.empty();
    }

    private static Map<Long, List<CatalogColumn>> columns(Connection connection, String which, Array... parameters)
            throws SQLException {
        Map<Long, List<CatalogColumn>> columns = new HashMap<>();
        try (PreparedStatement statement =
                        prepare(connection, COLUMNS + which + " order by a.attrelid, a.attnum", parameters);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                columns.computeIfAbsent(row.getLong(1), oid -> new ArrayList<>())
                        .add(new CatalogColumn(
                                row.getInt(2),
                                row.getString(3),
                                row.getString(4),
                                row.getBoolean(5),
                                row.getBoolean(6),
                                columnIdentity(row.getString(7))));
            }
        }
        return columns;
    }

    private static ColumnIdentity columnIdentity(String attidentity) {
        return switch (attidentity) {
            case "a" -> ColumnIdentity.ALWAYS;
            case "d" -> ColumnIdentity.BY_DEFAULT;
            default -> ColumnIdentity.NONE;
        };
    }

    /// `server_version_num` divided by 10,000.
    public static int major(Connection connection) throws SQLException {
        return connection.getMetaData().getDatabaseMajorVersion();
    }

    /// One value of one row, as text; null if the query gives SQL NULL.
    ///
    /// @throws SQLException also if the query gives no row
    public static @Nullable String value(Connection connection, String sql, @Nullable Object... parameters)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    throw new SQLException("no row from: " + sql);
                }
                return row.getString(1);
            }
        }
    }
}
