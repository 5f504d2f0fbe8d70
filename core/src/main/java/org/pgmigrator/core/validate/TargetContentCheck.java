package org.pgmigrator.core.validate;

import java.sql.SQLException;
import java.util.List;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Catalog;

/// Whether the restore finds room: nothing of what it creates may exist on the target yet.
final class TargetContentCheck {

    private TargetContentCheck() {}

    static List<Check<TargetView>> all() {
        return List.of(new Check<>("target-empty", TargetContentCheck::empty));
    }

    /// @param kind `relation`, `function`, `type` or `schema`
    private record Thing(String kind, String schema, String name) {
        boolean isCarried(FilterConfig filter) {
            return switch (kind) {
                case "relation" -> filter.carries(new QualifiedName(schema, name));
                default -> CarriedSchemas.carries(filter, schema);
            };
        }

        String described() {
            return kind.equals("schema")
                    ? "schema " + schema
                    : (kind.equals("relation") ? "" : kind + " ") + new QualifiedName(schema, name);
        }
    }

    private static final String CONTENT = """
            select 'relation', n.nspname, c.relname, 1 as rank
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't' and %1$s
              and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                              and d.deptype in ('e', 'i', 'a') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
                              and (d.deptype = 'e' or c.relkind = 'S'))
            union all
            select 'function', n.nspname, p.proname, 2 from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where %1$s and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass
                                       and d.objid = p.oid and d.deptype in ('e', 'i'))
            union all
            select 'type', n.nspname, t.typname, 3 from pg_type t join pg_namespace n on n.oid = t.typnamespace
            where %1$s and t.typtype in ('c', 'd', 'e', 'r')
              and (t.typrelid = 0 or (select c.relkind = 'c' from pg_class c where c.oid = t.typrelid))
              and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid
                              and d.deptype = 'e')
            union all
            select 'schema', n.nspname, '', 4 from pg_namespace n
            where %1$s and n.nspname <> 'public'
              and not exists (select from pg_depend d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid
                              and d.deptype = 'e')
            order by 4, 2, 3
            """.formatted(Catalog.USER_SCHEMA);

    private static void empty(TargetView view, Findings findings) throws SQLException {
        if (view.request().resume()) {
            findings.ok("The target holds what the stopped migration has restored.");
            return;
        }
        FilterConfig filter = view.request().filter();
        List<String> content = Query.list(
                        view.connection(),
                        CONTENT,
                        row -> new Thing(row.getString(1), row.getString(2), row.getString(3)))
                .stream()
                .filter(thing -> thing.isCarried(filter))
                .map(Thing::described)
                .toList();
        if (content.isEmpty()) {
            findings.ok("The target database " + view.server().quotedDatabase() + " has room for what is restored.");
        } else if (view.request().copy().dropTargetFirst()) {
            findings.warning(
                    "The target is not empty: " + Words.list(content) + ".",
                    "--drop-target-first removes this before the restore.");
        } else {
            findings.error(
                    "The target database " + view.server().quotedDatabase() + " is not empty: " + Words.list(content)
                            + ".",
                    "The restore creates objects of these names, and would mix the source's rows with what is there.",
                    "Name an empty database in --target, for example one made by: CREATE DATABASE ... TEMPLATE"
                            + " template0",
                    "Or let pg-migrator empty it first: --drop-target-first.");
        }
    }
}
