package org.pgmigrator.core.verify;

import java.util.List;
import org.pgmigrator.core.postgres.Catalog;

/// Queries for definitions, the same for every major from 14 on.
///
/// The first columns are fixed: the kind of the object, its schema, its name in SQL, schema and name of what a filter
/// decides by, and the part. The others are properties, named by their labels; a label with a leading underscore is not
/// compared. Owners, privileges, comments, storage options of columns, statistics targets, tablespaces and replica
/// identities are not part of it: they are either the operator's to choose or changed by the migration itself.
///
/// See https://www.postgresql.org/docs/current/catalogs.html
final class SchemaQueries {

    /// Schemas of ours, that of the fence included.
    private static final String OWN = "n.nspname ~ '^" + Catalog.OWN_SCHEMA + "(_|$)'";

    private static final String USER_SCHEMA = Catalog.USER_SCHEMA + " and not (" + OWN + ")";

    private static final String NO_EXTENSION =
            "not exists (select from pg_depend x where x.classid = '%s'::regclass and x.objid = %s and x.deptype = 'e')";

    /// Tables, views, foreign tables with their kind and what decides for them.
    private static final String RELATIONS = """
            rel as (
                select c.oid, c.relname, c.relkind, c.relpersistence, c.reloptions, c.relpartbound, c.relrowsecurity,
                       c.relforcerowsecurity, c.relispopulated, n.nspname,
                       format('%%I.%%I', n.nspname, c.relname) as name,
                       coalesce(rn.nspname, n.nspname) as dschema, coalesce(rc.relname, c.relname) as dname,
                       case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
                            else 'table' end as kind
                from pg_class c
                join pg_namespace n on n.oid = c.relnamespace
                left join pg_class rc on c.relispartition and rc.oid = pg_partition_root(c.oid)
                left join pg_namespace rn on rn.oid = rc.relnamespace
                where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and %s and %s
            )
            """.formatted(USER_SCHEMA, NO_EXTENSION.formatted("pg_class", "c.oid"));

    private static final String OF_RELATION = "select r.kind, r.nspname, r.name, r.dschema, r.dname, ";

    private static final String COLLATION =
            "(select format('%I.%I', cn.nspname, co.collname) from pg_collation co join pg_namespace cn"
                    + " on cn.oid = co.collnamespace where co.oid = ";

    private static final String RELATION = "with " + RELATIONS + OF_RELATION + """
            '', r.relpersistence as "persistence", r.relispopulated as "populated",
            (select string_agg(o, ', ' order by o) from unnest(r.reloptions) o) as "options",
            case when r.relkind = 'p' then pg_get_partkeydef(r.oid) end as "partition key",
            pg_get_expr(r.relpartbound, r.oid) as "partition bound",
            (select string_agg(format('%I.%I', pn.nspname, p.relname), ', ' order by h.inhseqno)
             from pg_inherits h join pg_class p on p.oid = h.inhparent join pg_namespace pn on pn.oid = p.relnamespace
             where h.inhrelid = r.oid) as "parent",
            r.relrowsecurity as "row level security", r.relforcerowsecurity as "row level security for the owner",
            case when r.relkind in ('v', 'm') then pg_get_viewdef(r.oid) end as "definition"
            from rel r""";

    private static final String COLUMNS = "with " + RELATIONS + OF_RELATION + """
            format('column %I', a.attname), format_type(a.atttypid, a.atttypmod) as "type",
            @collation@ a.attcollation) as "collation", a.attnotnull as "not null", a.attidentity as "identity",
            a.attgenerated as "generated", pg_get_expr(d.adbin, d.adrelid) as "default"
            from rel r
            join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
            left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum""".replace("@collation@", COLLATION);

    /// Not those of partitions that come from the partitioned table, nor NOT NULL, which 18 lists here too.
    private static final String CONSTRAINTS = "with " + RELATIONS + OF_RELATION + """
            format('constraint %I', k.conname), pg_get_constraintdef(k.oid) as "definition",
            coalesce(fr.dschema, fn.nspname) as "_schema", coalesce(fr.dname, fc.relname) as "_name"
            from rel r
            join pg_constraint k on k.conrelid = r.oid and k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0
            left join pg_class fc on fc.oid = k.confrelid
            left join pg_namespace fn on fn.oid = fc.relnamespace
            left join rel fr on fr.oid = k.confrelid""";

    /// pg_dump leaves invalid ones out.
    private static final String INDEXES = "with " + RELATIONS + OF_RELATION + """
            format('index %I', ic.relname), pg_get_indexdef(i.indexrelid) as "definition"
            from rel r
            join pg_index i on i.indrelid = r.oid
            join pg_class ic on ic.oid = i.indexrelid
            where i.indisvalid or ic.relkind = 'I'""";

    /// Not ours: what keeps writes away from the source after the cutover.
    private static final String TRIGGERS = "with " + RELATIONS + OF_RELATION + """
            format('trigger %I', t.tgname), pg_get_triggerdef(t.oid) as "definition", t.tgenabled as "enabled"
            from rel r
            join pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal and t.tgparentid = 0
            join pg_proc p on p.oid = t.tgfoid
            join pg_namespace n on n.oid = p.pronamespace
            where not""" + " (" + OWN + ")";

    private static final String RULES = "with " + RELATIONS + OF_RELATION + """
            format('rule %I', u.rulename), pg_get_ruledef(u.oid) as "definition", u.ev_enabled as "enabled"
            from rel r join pg_rewrite u on u.ev_class = r.oid and u.rulename <> '_RETURN'""";

    private static final String POLICIES = "with " + RELATIONS + OF_RELATION + """
            format('policy %I', p.polname), p.polcmd as "command", p.polpermissive as "permissive",
            (select string_agg(coalesce(o.rolname, 'public'), ', ' order by o.rolname)
             from unnest(p.polroles) x(oid) left join pg_roles o on o.oid = x.oid) as "roles",
            pg_get_expr(p.polqual, p.polrelid) as "definition", pg_get_expr(p.polwithcheck, p.polrelid) as "check"
            from rel r join pg_policy p on p.polrelid = r.oid""";

    private static final String STATISTICS = "with " + RELATIONS + OF_RELATION + """
            format('statistics %I', s.stxname), pg_get_statisticsobjdef(s.oid) as "definition"
            from rel r join pg_statistic_ext s on s.stxrelid = r.oid""";

    private static final String SEQUENCES = """
            select 'sequence', n.nspname, format('%I.%I', n.nspname, c.relname), n.nspname, c.relname, '',
                   format_type(s.seqtypid, null) as "type", s.seqstart as "start", s.seqincrement as "increment",
                   s.seqmin as "minimum", s.seqmax as "maximum", s.seqcache as "cache", s.seqcycle as "cycle",
                   (select string_agg(format('%I.%I.%I', tn.nspname, t.relname, a.attname), ', ')
                    from pg_depend d
                    join pg_class t on t.oid = d.refobjid
                    join pg_namespace tn on tn.oid = t.relnamespace
                    join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
                    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
                      and d.refobjsubid > 0 and d.deptype in ('a', 'i')) as "owner column"
            from pg_sequence s
            join pg_class c on c.oid = s.seqrelid
            join pg_namespace n on n.oid = c.relnamespace
            where c.relpersistence <> 't'""";

    private static final String FUNCTIONS = """
            select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end, n.nspname,
                   format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), n.nspname, '', '',
                   p.prokind as "kind", pg_get_function_result(p.oid) as "result",
                   pg_get_function_arguments(p.oid) as "arguments", l.lanname as "language", p.provolatile as "volatility",
                   p.proisstrict as "strict", p.prosecdef as "security definer", p.proleakproof as "leakproof",
                   p.proparallel as "parallel", p.procost as "cost", p.prorows as "rows",
                   (select string_agg(o, ', ' order by o) from unnest(p.proconfig) o) as "settings",
                   p.prosrc as "source", pg_get_function_sqlbody(p.oid) as "definition",
                   format('%s %s %s %s', a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.agginitval) as "aggregate"
            from pg_proc p
            join pg_namespace n on n.oid = p.pronamespace
            join pg_language l on l.oid = p.prolang
            left join pg_aggregate a on a.aggfnoid = p.oid
            where true""";

    /// Of their own: not the row types of tables, not the array types that come with others.
    private static final String TYPES = """
            select case t.typtype when 'd' then 'domain' else 'type' end, n.nspname,
                   format('%I.%I', n.nspname, t.typname), n.nspname, '', '', t.typtype as "kind",
                   case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end as "base type",
                   case when t.typtype = 'd' then @collation@ t.typcollation) end as "collation", t.typnotnull as "not null", t.typdefault as "default",
                   (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
                    from pg_enum e where e.enumtypid = t.oid) as "labels",
                   (select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', '
                                      order by a.attnum)
                    from pg_attribute a
                    where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)
                       as "attributes",
                   (select format_type(g.rngsubtype, null) from pg_range g where g.rngtypid = t.oid) as "subtype"
            from pg_type t
            join pg_namespace n on n.oid = t.typnamespace
            left join pg_class c on c.oid = t.typrelid
            where t.typtype in ('b', 'c', 'd', 'e', 'r') and (t.typrelid = 0 or c.relkind = 'c')
              and not exists (select from pg_type o where o.typarray = t.oid)""".replace("@collation@", COLLATION);

    private static final String DOMAIN_CONSTRAINTS = """
            select 'domain', n.nspname, format('%I.%I', n.nspname, t.typname), n.nspname, '',
                   format('constraint %I', k.conname), pg_get_constraintdef(k.oid) as "definition"
            from pg_constraint k
            join pg_type t on t.oid = k.contypid
            join pg_namespace n on n.oid = t.typnamespace
            where k.contype = 'c'""";

    private static final String SCHEMAS = """
            select 'schema', n.nspname, quote_ident(n.nspname), n.nspname, '', ''
            from pg_namespace n where true""";

    private static final String COLLATIONS = """
            select 'collation', n.nspname, format('%I.%I', n.nspname, c.collname), n.nspname, '', '',
                   c.collprovider as "provider", c.collisdeterministic as "deterministic"
            from pg_collation c
            join pg_namespace n on n.oid = c.collnamespace
            where true""";

    private static final String EXTENSIONS = """
            select 'extension', '', quote_ident(e.extname), '', '', '' from pg_extension e""";

    private static final String EVENT_TRIGGERS =
            """
            select 'event trigger', '', quote_ident(e.evtname), '', '', '', e.evtevent as "event",
                   e.evtenabled as "enabled", e.evtfoid::regproc::text as "function",
                   array_to_string(e.evttags, ', ') as "tags"
            from pg_event_trigger e
            join pg_proc p on p.oid = e.evtfoid
            join pg_namespace n on n.oid = p.pronamespace
            where not""" + " (" + OWN + ") and " + NO_EXTENSION.formatted("pg_event_trigger", "e.oid");

    /// Tables and views, and what belongs to them.
    static final List<String> OF_RELATIONS =
            List.of(RELATION, COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS, RULES, POLICIES, STATISTICS);

    static final String OF_SEQUENCES =
            SEQUENCES + " and " + USER_SCHEMA + " and " + NO_EXTENSION.formatted("pg_class", "c.oid");

    /// What goes with its schema.
    static final List<String> OF_SCHEMAS = List.of(
            ofSchema(SCHEMAS, "pg_namespace", "n.oid"),
            ofSchema(FUNCTIONS, "pg_proc", "p.oid"),
            ofSchema(TYPES, "pg_type", "t.oid"),
            ofSchema(DOMAIN_CONSTRAINTS, "pg_type", "t.oid"),
            ofSchema(COLLATIONS, "pg_collation", "c.oid"));

    /// What belongs to no schema.
    static final List<String> OF_DATABASE = List.of(EXTENSIONS, EVENT_TRIGGERS);

    private SchemaQueries() {}

    private static String ofSchema(String query, String catalogue, String oid) {
        return query + " and " + USER_SCHEMA + " and " + NO_EXTENSION.formatted(catalogue, oid);
    }
}
