package org.pgmigrator.core.uncarried;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;

/// Reads from a catalogue what logical decoding does not carry.
final class Finder {

    private static final String LARGE_OBJECTS = """
            select (select count(*) from pg_largeobject_metadata), pg_table_size('pg_catalog.pg_largeobject'),
                   has_table_privilege('pg_catalog.pg_largeobject', 'SELECT'),
                   (select rolsuper from pg_roles where rolname = current_user)
            """;

    private static final String MATERIALIZED_VIEWS = """
            select n.nspname, c.relname, c.relispopulated, pg_table_size(c.oid)
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind = 'm' and %s
              and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                              and d.deptype = 'e')
            order by n.nspname collate "C", c.relname collate "C"
            """.formatted(Catalog.USER_SCHEMA);

    private Finder() {}

    static Found find(Connection connection, List<CatalogTable> carried, FilterConfig filter) throws SQLException {
        return new Found(unlogged(carried), largeObjects(connection, filter), materializedViews(connection, filter));
    }

    static List<CatalogTable> unlogged(List<CatalogTable> carried) {
        return carried.stream()
                .filter(table -> table.unlogged() && !table.partitioned())
                .toList();
    }

    /// They have no schema: a filter that names what is carried leaves them out, as the dump does.
    static boolean carriesLargeObjects(FilterConfig filter) {
        return filter.includeSchemas().isEmpty() && filter.includeTables().isEmpty();
    }

    private static Found.LargeObjects largeObjects(Connection connection, FilterConfig filter) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(LARGE_OBJECTS)) {
            row.next();
            boolean carried = carriesLargeObjects(filter);
            return new Found.LargeObjects(
                    carried ? row.getLong(1) : 0,
                    carried ? OptionalLong.of(row.getLong(2)) : OptionalLong.empty(),
                    row.getBoolean(3),
                    row.getBoolean(4));
        }
    }

    static List<Found.MaterializedView> materializedViews(Connection connection, FilterConfig filter)
            throws SQLException {
        List<Found.MaterializedView> views = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(MATERIALIZED_VIEWS)) {
            while (row.next()) {
                QualifiedName name = new QualifiedName(row.getString(1), row.getString(2));
                if (filter.carries(name)) {
                    views.add(new Found.MaterializedView(name, row.getBoolean(3), row.getLong(4)));
                }
            }
        }
        return views;
    }
}
