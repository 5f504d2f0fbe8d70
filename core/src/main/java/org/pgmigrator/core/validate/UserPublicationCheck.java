package org.pgmigrator.core.validate;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.CatalogTable;

/// Whether the operator's own publication (`--publication`) carries what has to be carried.
///
/// Source: https://www.postgresql.org/docs/current/catalog-pg-publication.html
final class UserPublicationCheck {

    private static final int FIRST_WITH_ROW_FILTERS = 15;

    private UserPublicationCheck() {}

    static List<Check<SourceView>> all() {
        return List.of(new Check<>("publication", UserPublicationCheck::publication));
    }

    private record Publication(String name, boolean allTables, boolean allActions, boolean viaRoot) {
        String quoted() {
            return QualifiedName.quote(name);
        }
    }

    private static void publication(SourceView view, Findings findings) throws SQLException {
        Optional<String> wanted = view.request().replication().publication();
        if (!view.online() || wanted.isEmpty()) {
            return;
        }
        String name = wanted.get();
        List<Publication> found = Query.list(
                view.connection(),
                "select puballtables, pubinsert and pubupdate and pubdelete and pubtruncate, pubviaroot"
                        + " from pg_publication where pubname = ?",
                row -> new Publication(name, row.getBoolean(1), row.getBoolean(2), row.getBoolean(3)),
                name);
        if (found.isEmpty()) {
            findings.error(
                    "The publication " + QualifiedName.quote(name) + " does not exist in the source database.",
                    "--publication names one that exists already.",
                    "CREATE PUBLICATION " + QualifiedName.quote(name)
                            + listed(view.plan().published()) + ";",
                    "Or leave --publication out: pg-migrator then makes its own and removes it at the end.");
            return;
        }
        options(found.getFirst(), findings);
        filters(view, found.getFirst(), findings);
        coverage(view, found.getFirst(), findings);
        if (findings.isEmpty()) {
            findings.ok("The publication " + QualifiedName.quote(name) + " publishes every change of every table.");
        }
    }

    private static String listed(List<CatalogTable> tables) {
        return tables.isEmpty()
                ? ""
                : " FOR TABLE "
                        + String.join(
                                ", ",
                                tables.stream().map(UserPublicationCheck::only).toList());
    }

    /// A plain table with ONLY, so that an inheritance child that is not wanted does not come along.
    private static String only(CatalogTable table) {
        return (table.partitioned() ? "" : "ONLY ") + table.name().quoted();
    }

    private static void options(Publication publication, Findings findings) {
        if (!publication.allActions()) {
            findings.error(
                    "The publication " + publication.quoted() + " does not publish all four kinds of change.",
                    "Inserts, updates, deletes or truncates would be missing on the target.",
                    "ALTER PUBLICATION " + publication.quoted()
                            + " SET (publish = 'insert, update, delete, truncate');");
        }
        if (publication.viaRoot()) {
            findings.error(
                    "The publication " + publication.quoted() + " has publish_via_partition_root on.",
                    "Then a TRUNCATE of a single partition is not published at all.",
                    "ALTER PUBLICATION " + publication.quoted() + " SET (publish_via_partition_root = false);");
        }
        if (publication.allTables()) {
            findings.warning(
                    "The publication " + publication.quoted() + " is FOR ALL TABLES.",
                    "Each table without replica identity refuses UPDATE and DELETE while it exists, later ones"
                            + " included, and tables that are not carried are sent for nothing.",
                    "Leave --publication out: pg-migrator then lists the tables one by one.");
        }
    }

    private static void filters(SourceView view, Publication publication, Findings findings) throws SQLException {
        if (view.major() < FIRST_WITH_ROW_FILTERS) {
            return;
        }
        List<QualifiedName> filtered = Query.list(
                view.connection(),
                "select n.nspname, c.relname from pg_publication_rel pr"
                        + " join pg_publication p on p.oid = pr.prpubid join pg_class c on c.oid = pr.prrelid"
                        + " join pg_namespace n on n.oid = c.relnamespace"
                        + " where p.pubname = ? and (pr.prqual is not null or pr.prattrs is not null) order by 1, 2",
                row -> new QualifiedName(row.getString(1), row.getString(2)),
                publication.name());
        if (!filtered.isEmpty()) {
            List<String> remedy = new ArrayList<>();
            for (QualifiedName table : filtered) {
                remedy.add("ALTER PUBLICATION " + publication.quoted() + " DROP TABLE " + table.quoted() + ";");
                remedy.add("ALTER PUBLICATION " + publication.quoted() + " ADD TABLE " + table.quoted() + ";");
            }
            findings.error(
                    "The publication " + publication.quoted() + " filters rows or columns of " + Words.list(filtered)
                            + ".",
                    "What it leaves out would be missing on the target.",
                    remedy);
        }
    }

    private static void coverage(SourceView view, Publication publication, Findings findings) throws SQLException {
        Set<QualifiedName> covered = new HashSet<>(Query.list(
                view.connection(),
                "select schemaname, tablename from pg_publication_tables where pubname = ?",
                row -> new QualifiedName(row.getString(1), row.getString(2)),
                publication.name()));
        Set<QualifiedName> apart = insertOnly(view);
        List<CatalogTable> missing = new ArrayList<>();
        List<CatalogTable> tooMany = new ArrayList<>();
        for (CatalogTable table : view.plan().streamed()) {
            if (apart.contains(table.name())) {
                if (covered.contains(table.name())) {
                    tooMany.add(table);
                }
            } else if (!covered.contains(table.name()) && !publication.viaRoot()) {
                missing.add(table);
            }
        }
        if (!missing.isEmpty()) {
            findings.error(
                    "The publication " + publication.quoted() + " lacks "
                            + Words.list(
                                    missing.stream().map(CatalogTable::name).toList()) + ".",
                    "Their changes would not reach the target.",
                    "ALTER PUBLICATION " + publication.quoted() + " ADD TABLE "
                            + String.join(
                                    ", ",
                                    missing.stream()
                                            .map(UserPublicationCheck::only)
                                            .toList()) + ";");
        }
        if (!tooMany.isEmpty()) {
            findings.error(
                    "The publication " + publication.quoted() + " holds tables without replica identity: "
                            + Words.list(
                                    tooMany.stream().map(CatalogTable::name).toList()) + ".",
                    "With --without-identity insert-only they belong to a second publication; in this one the source"
                            + " refuses their UPDATE and DELETE.",
                    tooMany.stream()
                            .map(table -> "ALTER PUBLICATION " + publication.quoted() + " DROP TABLE "
                                    + table.name().quoted() + ";")
                            .toList());
        }
    }

    private static Set<QualifiedName> insertOnly(SourceView view) {
        return switch (view.request().replication().withoutIdentity()) {
            case INSERT_ONLY -> CarryPlan.names(view.plan().withoutIdentity());
            case FAIL, FULL -> Set.of();
        };
    }
}
