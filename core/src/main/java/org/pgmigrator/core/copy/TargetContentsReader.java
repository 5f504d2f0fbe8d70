package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.postgres.Catalog;

/// Reads [TargetContents]: every object that a copy in the range of the filter could meet, whoever made it.
///
/// Objects are named by `pg_identify_object`, whose type and identity are what DROP wants (see
/// https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-OBJECT).
final class TargetContentsReader {

    /// Below are what initdb made. https://www.postgresql.org/docs/current/system-catalog-initial-data.html
    private static final int FIRST_USER_OID = 16384;

    /// Not the parts of other objects: array and row types, sequences of columns, the functions of a range type,
    /// members
    /// of extensions.
    private static final String IN_SCHEMAS = """
            with objects as (
              select 'pg_class'::regclass as catalogue, oid, relnamespace as namespace, relowner as owner, true as relation
              from pg_class c
              where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and relpersistence <> 't'
                    and not (relkind = 'S' and exists (
                        select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                        and d.refobjsubid > 0 and d.deptype in ('a', 'i')))
              union all select 'pg_proc'::regclass, oid, pronamespace, proowner, false from pg_proc
              union all select 'pg_type'::regclass, oid, typnamespace, typowner, false from pg_type t
                where typtype in ('e', 'd', 'r', 'b') and not exists (select from pg_type e where e.typarray = t.oid)
                      or typtype = 'c' and exists (
                          select from pg_class c where c.oid = t.typrelid and c.relkind = 'c')
              union all select 'pg_collation'::regclass, oid, collnamespace, collowner, false from pg_collation
              union all select 'pg_conversion'::regclass, oid, connamespace, conowner, false from pg_conversion
              union all select 'pg_operator'::regclass, oid, oprnamespace, oprowner, false from pg_operator
              union all select 'pg_opclass'::regclass, oid, opcnamespace, opcowner, false from pg_opclass
              union all select 'pg_opfamily'::regclass, oid, opfnamespace, opfowner, false from pg_opfamily
              union all select 'pg_statistic_ext'::regclass, oid, stxnamespace, stxowner, false from pg_statistic_ext
              union all select 'pg_ts_config'::regclass, oid, cfgnamespace, cfgowner, false from pg_ts_config
              union all select 'pg_ts_dict'::regclass, oid, dictnamespace, dictowner, false from pg_ts_dict
              union all select 'pg_ts_parser'::regclass, oid, prsnamespace, 10, false from pg_ts_parser
              union all select 'pg_ts_template'::regclass, oid, tmplnamespace, 10, false from pg_ts_template)
            select o.oid::int8, o.relation, i.type, i.identity, n.nspname, pg_has_role(o.owner, 'USAGE'),
                   case when o.relation and i.type in ('table', 'materialized view')
                        then coalesce(pg_total_relation_size(o.oid), 0) else 0 end,
                   greatest(coalesce(c.reltuples, 0), 0)::int8
            from objects o
            join pg_namespace n on n.oid = o.namespace
            left join pg_class c on o.relation and c.oid = o.oid and c.relkind <> 'p'
            cross join lateral pg_identify_object(o.catalogue, o.oid, 0) i
            where o.oid >= %d and %s
                  and not exists (select from pg_depend d where d.classid = o.catalogue and d.objid = o.oid
                                  and d.deptype in ('e', 'i'))
            order by i.identity collate "C"
            """.formatted(FIRST_USER_OID, Catalog.USER_SCHEMA);

    private static final String OF_DATABASE = """
            with objects as (
              select 'pg_event_trigger'::regclass as catalogue, oid, evtowner as owner, 1 as position from pg_event_trigger
              union all select 'pg_publication'::regclass, oid, pubowner, 2 from pg_publication
              union all select 'pg_foreign_data_wrapper'::regclass, oid, fdwowner, 4 from pg_foreign_data_wrapper
              union all select 'pg_foreign_server'::regclass, oid, srvowner, 3 from pg_foreign_server
              union all select 'pg_cast'::regclass, oid, (select oid from pg_roles where rolname = current_user), 5
                from pg_cast
              union all select 'pg_language'::regclass, oid, lanowner, 6 from pg_language
              union all select 'pg_am'::regclass, oid, 10, 7 from pg_am
              union all select 'pg_extension'::regclass, oid, extowner, 8 from pg_extension)
            select o.oid::int8, false, i.type, i.identity, '', pg_has_role(o.owner, 'USAGE'), 0::int8, 0::int8
            from objects o
            cross join lateral pg_identify_object(o.catalogue, o.oid, 0) i
            where o.oid >= %d
                  and not exists (select from pg_depend d where d.classid = o.catalogue and d.objid = o.oid
                                  and d.deptype = 'e')
            order by o.position, i.identity collate "C"
            """.formatted(FIRST_USER_OID);

    /// A schema may hold an extension, which goes with it, and must then be ours as well, and not one that stays.
    private static final String SCHEMAS = """
            select n.nspname, pg_has_role(n.nspowner, 'USAGE'),
                   not exists (select from pg_extension e where e.extnamespace = n.oid
                               and not pg_has_role(e.extowner, 'USAGE')),
                   array(select 'extension ' || quote_ident(e.extname) from pg_extension e
                         where e.extnamespace = n.oid)
            from pg_namespace n
            where %s and not exists (select from pg_depend d where d.classid = 'pg_namespace'::regclass
                                     and d.objid = n.oid and d.deptype = 'e')
            order by n.nspname collate "C"
            """.formatted(Catalog.USER_SCHEMA);

    private static final String LARGE_OBJECTS =
            "select count(*) from pg_largeobject_metadata where pg_has_role(lomowner, 'USAGE')";

    private final Connection connection;
    private final FilterConfig filter;
    private final Set<String> kept;

    TargetContentsReader(Connection connection, FilterConfig filter, Set<String> kept) {
        this.connection = connection;
        this.filter = filter;
        this.kept = Set.copyOf(kept);
    }

    static Set<String> ofDatabase(Connection connection) throws SQLException {
        return objects(connection, OF_DATABASE).stream()
                .map(TargetObject::toString)
                .collect(Collectors.toSet());
    }

    TargetContents read() throws SQLException {
        DumpFilter carried =
                new DumpFilter(filter, RelationReader.read(connection, false).values());
        List<TargetObject> objects = objects(connection, IN_SCHEMAS);
        Map<String, SchemaRow> rows = schemaRows();
        Set<String> inRange = carried.schemas(rows.keySet());
        List<TargetSchema> schemas = new ArrayList<>();
        for (SchemaRow row : rows.values()) {
            if (inRange.contains(row.name)) {
                schemas.add(schema(row, objects, object -> !object.relation() || carried.carries(object.oid())));
            }
        }
        // As pg_dump does: what has no schema comes unless something is included.
        boolean everything = !carried.hasIncludes();
        long largeObjects = everything ? number(LARGE_OBJECTS) : 0;
        return new TargetContents(
                schemas, everything ? objects(connection, OF_DATABASE) : List.of(), largeObjects, kept);
    }

    private static TargetSchema schema(SchemaRow row, List<TargetObject> all, Predicate<TargetObject> carried) {
        List<TargetObject> inside =
                all.stream().filter(object -> object.schema().equals(row.name)).toList();
        List<TargetObject> dropped = inside.stream().filter(carried).toList();
        boolean whole = row.ours
                && row.extensionsGo
                && dropped.size() == inside.size()
                && dropped.stream().allMatch(TargetObject::ours);
        return new TargetSchema(row.name, row.ours, whole, dropped);
    }

    private record SchemaRow(String name, boolean ours, boolean extensionsGo) {}

    private Map<String, SchemaRow> schemaRows() throws SQLException {
        Map<String, SchemaRow> rows = new LinkedHashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(SCHEMAS)) {
            while (row.next()) {
                List<String> extensions = List.of((String[]) row.getArray(4).getArray());
                boolean extensionsGo = row.getBoolean(3) && extensions.stream().noneMatch(kept::contains);
                rows.put(row.getString(1), new SchemaRow(row.getString(1), row.getBoolean(2), extensionsGo));
            }
        }
        return rows;
    }

    private static List<TargetObject> objects(Connection connection, String sql) throws SQLException {
        List<TargetObject> objects = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            while (row.next()) {
                objects.add(new TargetObject(
                        row.getLong(1),
                        row.getBoolean(2),
                        dropType(row.getString(3)),
                        row.getString(4),
                        row.getString(5),
                        row.getBoolean(6),
                        row.getLong(7),
                        row.getLong(8)));
            }
        }
        return objects;
    }

    /// The word for DROP, where it is not the type's own name.
    private static String dropType(String type) {
        return switch (type) {
            case "function", "procedure", "aggregate" -> "ROUTINE";
            case "composite type" -> "TYPE";
            case "foreign-data wrapper" -> "FOREIGN DATA WRAPPER";
            case "statistics object" -> "STATISTICS";
            default -> type.toUpperCase(Locale.ROOT);
        };
    }

    private long number(String sql) throws SQLException {
        String value = Catalog.value(connection, sql);
        return value == null ? 0 : Long.parseLong(value);
    }
}
