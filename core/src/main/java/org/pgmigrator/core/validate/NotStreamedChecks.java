package org.pgmigrator.core.validate;

import java.sql.SQLException;
import java.util.List;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;

/// What logical decoding does not carry, and what becomes of it in this migration.
final class NotStreamedChecks {

    private NotStreamedChecks() {}

    static List<Check<SourceView>> all() {
        return List.of(
                new Check<>("sequences", NotStreamedChecks::sequences),
                new Check<>("large-objects", NotStreamedChecks::largeObjects),
                new Check<>("unlogged-tables", NotStreamedChecks::unloggedTables),
                new Check<>("materialized-views", NotStreamedChecks::materializedViews),
                new Check<>("foreign-tables", NotStreamedChecks::foreignTables),
                new Check<>("extension-tables", NotStreamedChecks::extensionTables),
                new Check<>("subscriptions", NotStreamedChecks::subscriptions),
                new Check<>("schema-changes", NotStreamedChecks::schemaChanges));
    }

    /// The carried relations, other than tables and sequences, of a kind (`pg_class.relkind`) that no extension owns.
    private static List<QualifiedName> carried(SourceView view, String relkind) throws SQLException {
        return Query.list(
                        view.connection(),
                        "select n.nspname, c.relname, coalesce(rn.nspname, n.nspname), coalesce(rc.relname, c.relname) from pg_class c"
                                + " join pg_namespace n on n.oid = c.relnamespace"
                                + " left join pg_class rc on c.relispartition and rc.oid = pg_partition_root(c.oid)"
                                + " left join pg_namespace rn on rn.oid = rc.relnamespace"
                                + " where c.relkind::text = ? and c.relpersistence <> 't' and " + Catalog.USER_SCHEMA
                                + " and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass"
                                + " and d.objid = c.oid and d.deptype = 'e') order by 1, 2",
                        row -> List.of(
                                new QualifiedName(row.getString(1), row.getString(2)),
                                new QualifiedName(row.getString(3), row.getString(4))),
                        relkind)
                .stream()
                .filter(names -> view.request().filter().carries(names.getLast()))
                .map(List::getFirst)
                .toList();
    }

    private static void sequences(SourceView view, Findings findings) {
        int sequences = view.sequences().size();
        findings.ok(
                sequences == 0
                        ? "There are no sequences to carry."
                        : Words.count(sequences, "sequence") + " will be set on the target at the "
                                + (view.online() ? "cutover." : "end."));
    }

    private static void largeObjects(SourceView view, Findings findings) throws SQLException {
        long count = Query.number(view.connection(), "select count(*) from pg_largeobject_metadata");
        if (count == 0) {
            findings.ok("There are no large objects.");
        } else if (CarriedSchemas.hasIncludes(view.request().filter())) {
            findings.warning(
                    Words.count(count, "large object") + " of the source will not be carried.",
                    "Large objects have no schema; a filter that names schemas or tables leaves them out.",
                    "Run without --include filters, or copy them by hand.");
        } else if (view.online()) {
            findings.warning(
                    Words.count(count, "large object") + " will be copied as of the snapshot; later changes are not"
                            + " carried.",
                    "Logical decoding does not see large objects.",
                    "Stop what writes large objects (lo_create, lo_put, lowrite, lo_unlink) before the migration"
                            + " starts, until it has ended.");
        } else {
            findings.ok(Words.count(count, "large object") + " will be copied.");
        }
    }

    private static void unloggedTables(SourceView view, Findings findings) {
        List<QualifiedName> unlogged =
                view.plan().unlogged().stream().map(CatalogTable::name).toList();
        if (unlogged.isEmpty()) {
            findings.ok("There are no unlogged tables.");
        } else if (view.online()) {
            findings.warning(
                    Words.count(unlogged.size(), "unlogged table") + " will be copied as of the snapshot; later changes"
                            + " are not carried: " + Words.list(unlogged) + ".",
                    "Changes of unlogged tables are not written to the WAL.",
                    "Copy them again after the cutover, or make them permanent before the migration:"
                            + " ALTER TABLE ... SET LOGGED rewrites a table under an ACCESS EXCLUSIVE lock.");
        } else {
            findings.ok(Words.count(unlogged.size(), "unlogged table") + " will be copied.");
        }
    }

    private static void materializedViews(SourceView view, Findings findings) throws SQLException {
        List<QualifiedName> views = carried(view, "m");
        if (views.isEmpty()) {
            findings.ok("There are no materialized views.");
        } else if (view.online()) {
            findings.warning(
                    Words.count(views.size(), "materialized view") + " will be as of the copy on the target: "
                            + Words.list(views) + ".",
                    "Their contents are computed when they are restored; the stream does not touch them.",
                    "After the cutover, on the target: REFRESH MATERIALIZED VIEW for each of them.");
        } else {
            findings.ok(Words.count(views.size(), "materialized view") + " will be computed anew on the target.");
        }
    }

    private static void foreignTables(SourceView view, Findings findings) throws SQLException {
        List<QualifiedName> tables = carried(view, "f");
        if (tables.isEmpty()) {
            findings.ok("There are no foreign tables.");
        } else {
            findings.warning(
                    "Of " + Words.count(tables.size(), "foreign table") + " only the definition is carried: "
                            + Words.list(tables) + ".",
                    "Their rows stay where they are; the target must reach that server as the source does.",
                    "Check from the target's machine that the foreign server answers, and the user mappings.");
        }
    }

    private static final String EXTENSION_TABLES = """
            select e.extname, n.nspname, c.relname from pg_extension e
            join pg_depend d on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.deptype = 'e'
                 and d.classid = 'pg_class'::regclass
            join pg_class c on c.oid = d.objid and c.relkind in ('r', 'p')
            join pg_namespace n on n.oid = c.relnamespace
            where c.oid = any(e.extconfig) order by 1, 2, 3
            """;

    private static void extensionTables(SourceView view, Findings findings) throws SQLException {
        List<String> tables = Query.list(
                view.connection(),
                EXTENSION_TABLES,
                row -> new QualifiedName(row.getString(2), row.getString(3)) + " (" + row.getString(1) + ")");
        if (tables.isEmpty()) {
            findings.ok("No extension keeps configuration rows.");
        } else if (view.online()) {
            findings.warning(
                    "Configuration rows of extensions are copied as of the snapshot; later changes are not carried: "
                            + Words.list(tables) + ".",
                    "The tables belong to their extensions, which create them on the target.",
                    "Do not change the extensions' configuration until the migration has ended.");
        } else {
            findings.ok("Configuration rows of extensions will be copied: " + Words.list(tables) + ".");
        }
    }

    private static void subscriptions(SourceView view, Findings findings) throws SQLException {
        List<String> names = Query.strings(
                view.connection(),
                "select subname from pg_subscription s join pg_database d on d.oid = s.subdbid"
                        + " where d.datname = current_database() order by 1");
        if (names.isEmpty()) {
            findings.ok("The source has no subscriptions.");
            return;
        }
        findings.warning(
                "The source subscribes to other servers: " + Words.list(names) + ".",
                "What a subscription brings is carried like any other change, but it goes on writing to the source after"
                        + " the cutover, and it is not restored on the target.",
                names.stream()
                        .map(name -> "Before the cutover: ALTER SUBSCRIPTION " + QualifiedName.quote(name) + " DISABLE")
                        .toList());
    }

    private static void schemaChanges(SourceView view, Findings findings) {
        if (view.online()) {
            findings.ok(Words.count(view.plan().streamed().size(), "table")
                    + " will be streamed. DDL is not: freeze the schema until the migration has ended.");
        } else {
            findings.ok(Words.count(view.plan().carried().size(), "table") + " will be copied.");
        }
    }
}
