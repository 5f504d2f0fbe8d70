package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.FilterConfig;

/// Finds what went by a CASCADE although the filter does not carry it: relations, columns, constraints, functions...
final class SurvivorCheck {

    /// As many as a person reads.
    private static final int NAMED = 20;

    /// Each object with the relation that it is a part of (0 for none) and its schema. Members of extensions, which
    /// live
    /// and go with these, don't count.
    private static final String OBJECTS = """
            with schemas as (
              select n.oid, n.nspname from pg_namespace n
              where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'),
            relations as (
              select c.oid, n.nspname, c.relname, c.relkind
              from pg_class c join schemas n on n.oid = c.relnamespace
              where c.relpersistence <> 't' and c.relkind <> 't'
                    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass
                                    and d.objid = c.oid and d.deptype = 'e'))
            select 'pg_class', c.oid::int8, 0,
                   case when c.relkind = 'c' then 0 else coalesce(x.indrelid, c.oid)::int8 end, c.nspname,
                   c.nspname || '.' || c.relname
            from relations c left join pg_index x on x.indexrelid = c.oid
            union all
            select 'pg_attribute', a.attrelid::int8, a.attnum, a.attrelid::int8, c.nspname,
                   'column ' || c.nspname || '.' || c.relname || '.' || a.attname
                   || case when a.atthasdef then ' (default)' else '' end
            from pg_attribute a join relations c on c.oid = a.attrelid
            where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'f', 'v', 'm')
            union all
            select 'pg_constraint', k.oid::int8, 0, k.conrelid::int8, c.nspname,
                   'constraint ' || k.conname || ' of ' || c.nspname || '.' || c.relname
            from pg_constraint k join relations c on c.oid = k.conrelid
            union all
            select 'pg_trigger', t.oid::int8, 0, t.tgrelid::int8, c.nspname,
                   'trigger ' || t.tgname || ' of ' || c.nspname || '.' || c.relname
            from pg_trigger t join relations c on c.oid = t.tgrelid
            where not t.tgisinternal
            union all
            select 'pg_proc', p.oid::int8, 0, 0, n.nspname, 'function ' || n.nspname || '.' || p.proname
            from pg_proc p join schemas n on n.oid = p.pronamespace
            where not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid
                              and d.deptype = 'e')
            union all
            select 'pg_type', t.oid::int8, 0, 0, n.nspname, 'type ' || n.nspname || '.' || t.typname
            from pg_type t join schemas n on n.oid = t.typnamespace
            where t.typtype in ('e', 'd', 'r')
                  and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid
                                  and d.deptype = 'e')
            """;

    private record Key(String catalogue, long oid, int part) {}

    private final Map<Key, String> uncarried;

    private SurvivorCheck(Map<Key, String> uncarried) {
        this.uncarried = uncarried;
    }

    /// What must still be there afterwards.
    static SurvivorCheck before(Connection connection, FilterConfig filter) throws SQLException {
        if (filter.isEverything()) {
            return new SurvivorCheck(Map.of());
        }
        DumpFilter carried =
                new DumpFilter(filter, RelationReader.read(connection, false).values());
        Collection<String> schemas = carried.schemas(schemas(connection));
        Map<Key, String> uncarried = new HashMap<>();
        read(connection, (key, relation, schema, name) -> {
            boolean goes = relation == 0 ? schemas.contains(schema) : carried.carries(relation);
            if (!goes) {
                uncarried.put(key, name);
            }
        });
        return new SurvivorCheck(uncarried);
    }

    /// The names of what is gone, the first few.
    Set<String> lost(Connection connection) throws SQLException {
        if (uncarried.isEmpty()) {
            return Set.of();
        }
        Map<Key, String> left = new HashMap<>(uncarried);
        read(connection, (key, relation, schema, name) -> left.remove(key, name));
        return left.values().stream().sorted().limit(NAMED).collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> schemas(Connection connection) throws SQLException {
        Set<String> schemas = new TreeSet<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select nspname from pg_namespace")) {
            while (row.next()) {
                schemas.add(row.getString(1));
            }
        }
        return schemas;
    }

    private interface Reader {
        void read(Key key, long relation, String schema, String name);
    }

    private static void read(Connection connection, Reader reader) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(OBJECTS)) {
            while (row.next()) {
                reader.read(
                        new Key(row.getString(1), row.getLong(2), row.getInt(3)),
                        row.getLong(4),
                        row.getString(5),
                        row.getString(6));
            }
        }
    }
}
