package org.pgmigrator.core.validate;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.UnsteadyPartitions;
import org.pgmigrator.core.uncarried.Found;
import org.pgmigrator.core.uncarried.Uncarried;

/// What logical decoding does not carry, and what becomes of it in this migration.
final class NotStreamedChecks {

    private NotStreamedChecks() {}

    static List<Check<SourceView>> all() {
        return List.of(
                new Check<>("sequences", NotStreamedChecks::sequences),
                new Check<>("large-objects", NotStreamedChecks::largeObjects),
                new Check<>("unlogged-tables", NotStreamedChecks::unloggedTables),
                new Check<>("partition-keys", NotStreamedChecks::partitionKeys),
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

    /// More than that under the lock keeps writes away for longer than anybody expects.
    private static final long MUCH = 1L << 30;

    private static void largeObjects(SourceView view, Findings findings) throws SQLException {
        Found.LargeObjects found = found(view).largeObjects();
        long count = Query.number(view.connection(), "select count(*) from pg_largeobject_metadata");
        String objects = Words.count(count, "large object");
        String bytes = Words.bytes(found.bytes().orElse(0));
        if (count == 0) {
            findings.ok("There are no large objects.");
        } else if (CarriedSchemas.hasIncludes(view.request().filter())) {
            findings.warning(
                    objects + " of the source will not be carried.",
                    "Large objects have no schema; a filter that names schemas or tables leaves them out.",
                    "Run without --include filters, or copy them by hand.");
        } else if (!view.online()) {
            findings.ok(objects + " will be copied.");
        } else if (!found.readable()) {
            findings.warning(
                    objects + " will be copied as of the snapshot; later changes are not carried.",
                    "Logical decoding does not see large objects, and this role may not read pg_largeobject, which would"
                            + " tell what has changed.",
                    "GRANT pg_read_all_data TO " + view.server().quotedRole() + ";");
        } else if (!isLocked(view, found)) {
            findings.warning(
                    objects + " (" + bytes + ") will be compared and made equal at the cutover, but not proved to be.",
                    "Only a superuser with --source-lock tables can keep others from writing large objects meanwhile.",
                    "Stop what writes large objects (lo_create, lo_put, lowrite, lo_unlink) before the cutover.");
        } else if (found.bytes().orElse(0) > MUCH) {
            findings.warning(
                    objects + " (" + bytes + ") will be compared before the cutover's lock, and those that have changed"
                            + " since once more under it.",
                    "To find these, the whole of pg_largeobject is read under the lock, on both sides at the same time.",
                    "Rehearse the cutover (pg-migrator cutover --rehearse), and plan for the time that it tells.");
        } else {
            findings.ok(objects + " (" + bytes + ") will be made equal at the cutover, and proved to be.");
        }
    }

    private static boolean isLocked(SourceView view, Found.LargeObjects found) {
        return found.lockable()
                && view.request()
                        .sourceLock()
                        .map(mode -> mode == SourceLockConfig.Mode.TABLES)
                        .orElse(true);
    }

    private static Found found(SourceView view) throws SQLException {
        return Uncarried.find(
                view.connection(), view.plan().carried(), view.request().filter());
    }

    private static void unloggedTables(SourceView view, Findings findings) throws SQLException {
        List<CatalogTable> tables = view.plan().unlogged();
        List<QualifiedName> unlogged = tables.stream().map(CatalogTable::name).toList();
        Set<QualifiedName> unsteady = unlogged.isEmpty()
                ? Set.of()
                : UnsteadyPartitions.read(view.connection()).keySet();
        List<QualifiedName> mixed = unlogged.stream().filter(unsteady::contains).toList();
        if (view.online() && !mixed.isEmpty()) {
            findings.error(
                    "Partitions that are hashed by values of this server alone are unlogged: " + Words.list(mixed)
                            + ".",
                    "Their rows will be in other partitions on the target, and cannot be replaced there by themselves.",
                    "Make them permanent before the migration (ALTER TABLE ... SET LOGGED rewrites a table under an"
                            + " ACCESS EXCLUSIVE lock), or leave the partitioned table out (--exclude-table).");
            return;
        }
        long bytes = tables.stream().mapToLong(CatalogTable::bytes).sum();
        String what = Words.count(unlogged.size(), "unlogged table") + " (" + Words.bytes(bytes) + ")";
        if (unlogged.isEmpty()) {
            findings.ok("There are no unlogged tables.");
        } else if (!view.online()) {
            findings.ok(what + " will be copied.");
        } else if (bytes > MUCH) {
            findings.warning(
                    what + " will be copied again at the cutover, while writes wait: " + Words.list(unlogged) + ".",
                    "Changes of unlogged tables are not written to the WAL.",
                    "Empty them before the cutover if they can be filled again, leave them out (--exclude-table), or make"
                            + " them permanent before the migration: ALTER TABLE ... SET LOGGED rewrites a table under an"
                            + " ACCESS EXCLUSIVE lock.");
        } else {
            findings.ok(
                    what + " will be copied again at the cutover, while writes wait: " + Words.list(unlogged) + ".");
        }
    }

    /// Rows of two partitions may meet in one on the target, where a rule of one partition alone may not hold.
    private static void partitionKeys(SourceView view, Findings findings) throws SQLException {
        Set<QualifiedName> carried =
                view.plan().carried().stream().map(CatalogTable::name).collect(Collectors.toSet());
        List<String> alone = UnsteadyPartitions.ownRules(view.connection()).stream()
                .filter(rule -> carried.contains(rule.partition()) && carried.contains(rule.holder()))
                .map(rule -> rule.partition() + " (" + rule.rule() + ")")
                .toList();
        if (alone.isEmpty()) {
            findings.ok(
                    "No hash partition whose rows may be in another one on the target has a key or constraint of its own.");
            return;
        }
        findings.error(
                "Partitions that are hashed by values of this server alone have keys or constraints that the table above"
                        + " them does not have: " + Words.list(alone) + ".",
                "Their rows will be in other partitions on the target, where such a rule may not hold, or meets rows that it"
                        + " was not made for; the replica identity must be the partitioned table's.",
                "Put keys, checks, NOT NULL and foreign keys on the table that is divided by the hash, a key with the"
                        + " partition key in it, or leave the partitioned table out (--exclude-table).");
    }

    private static void materializedViews(SourceView view, Findings findings) throws SQLException {
        List<Found.MaterializedView> views = found(view).materializedViews();
        List<QualifiedName> names =
                views.stream().map(Found.MaterializedView::name).toList();
        long bytes = views.stream().mapToLong(Found.MaterializedView::bytes).sum();
        String what = Words.count(names.size(), "materialized view") + " (" + Words.bytes(bytes) + ")";
        if (names.isEmpty()) {
            findings.ok("There are no materialized views.");
        } else if (!view.online()) {
            findings.ok(what + " will be computed anew on the target.");
        } else if (bytes > MUCH) {
            findings.warning(
                    what + " will be refreshed at the cutover, while writes wait: " + Words.list(names) + ".",
                    "The stream does not touch them, and they are computed from the tables as these are in the end.",
                    "Rehearse the cutover (pg-migrator cutover --rehearse), and plan for the time that it tells. One that"
                            + " may be filled later: REFRESH MATERIALIZED VIEW ... WITH NO DATA on the source before.");
        } else {
            findings.ok(what + " will be refreshed at the cutover, while writes wait: " + Words.list(names) + ".");
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
