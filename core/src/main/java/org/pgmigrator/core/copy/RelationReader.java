package org.pgmigrator.core.copy;

import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.CarriedContents.Relation;
import org.pgmigrator.core.postgres.Catalog;

/// Reads the relations of a database that a filter can name: tables, views, sequences; not those of extensions.
final class RelationReader {

    private RelationReader() {}

    /// Sizes are of pages on disk; asking for them waits for each table's lock, so the inexact ones are what VACUUM or
    /// ANALYZE saw last.
    private static String relationsQuery(boolean exactSizes) {
        String size = exactSizes
                ? "coalesce(pg_table_size(c.oid), 0)"
                : "greatest(c.relpages, 0)::int8 * current_setting('block_size')::int8";
        return """
            select c.oid::int8, n.nspname, c.relname, c.relkind, rn.nspname, rc.relname,
                   array(select d.refobjid::int8 from pg_depend d
                         where c.relkind = 'S' and d.classid = 'pg_class'::regclass and d.objid = c.oid
                               and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')),
                   array(select ad.adrelid::int8 from pg_depend d join pg_attrdef ad on ad.oid = d.objid
                         where c.relkind = 'S' and d.classid = 'pg_attrdef'::regclass
                               and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid),
                   case when c.relkind in ('r', 'm') then %s else 0 end
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            left join pg_class rc on c.relispartition and rc.oid = pg_partition_root(c.oid)
            left join pg_namespace rn on rn.oid = rc.relnamespace
            where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and c.relpersistence <> 't'
                  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                                  and d.deptype = 'e')
                  and %s
            """.formatted(size, Catalog.USER_SCHEMA);
    }

    /// Reads them in the caller's transaction.
    ///
    /// @param exactSizes ask the file system for the sizes of tables, which waits for locks
    static Map<Long, Relation> read(Connection connection, boolean exactSizes) throws SQLException {
        Map<Long, Relation> relations = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(relationsQuery(exactSizes))) {
            while (row.next()) {
                Relation relation = new Relation(
                        row.getLong(1),
                        new QualifiedName(row.getString(2), row.getString(3)),
                        row.getString(4).charAt(0),
                        root(row.getString(5), row.getString(6)),
                        oids(row.getArray(7)),
                        oids(row.getArray(8)),
                        row.getLong(9));
                relations.put(relation.oid(), relation);
            }
        }
        return relations;
    }

    private static Optional<QualifiedName> root(@Nullable String schema, @Nullable String name) {
        return schema == null || name == null ? Optional.empty() : Optional.of(new QualifiedName(schema, name));
    }

    private static List<Long> oids(Array array) throws SQLException {
        return Arrays.asList((Long[]) array.getArray());
    }
}
