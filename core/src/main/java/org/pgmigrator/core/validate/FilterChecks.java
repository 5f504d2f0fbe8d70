package org.pgmigrator.core.validate;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;

/// Whether the filters mean something, and cut nothing in two.
final class FilterChecks {

    private FilterChecks() {}

    static List<Check<SourceView>> all() {
        return List.of(
                new Check<>("filter", FilterChecks::matches),
                new Check<>("filter-inheritance", FilterChecks::inheritance),
                new Check<>("filter-foreign-keys", FilterChecks::foreignKeys));
    }

    private static void matches(SourceView view, Findings findings) throws SQLException {
        FilterConfig filter = view.request().filter();
        Set<String> schemas = new HashSet<>(
                Query.strings(view.connection(), "select n.nspname from pg_namespace n where " + Catalog.USER_SCHEMA));
        Set<QualifiedName> relations = new HashSet<>(Query.list(
                view.connection(),
                "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                        + " where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't' and "
                        + Catalog.USER_SCHEMA,
                row -> new QualifiedName(row.getString(1), row.getString(2))));
        List<String> unmatched = new ArrayList<>();
        unmatchedSchemas("--include-schema", filter.includeSchemas(), schemas, unmatched);
        unmatchedSchemas("--exclude-schema", filter.excludeSchemas(), schemas, unmatched);
        unmatchedTables("--include-table", filter.includeTables(), relations, unmatched);
        unmatchedTables("--exclude-table", filter.excludeTables(), relations, unmatched);
        List<QualifiedName> partitions = namedPartitions(view);
        if (!partitions.isEmpty()) {
            findings.error(
                    "The filters name partitions: " + Words.list(partitions) + ".",
                    "A partition goes with its partitioned table: it can be neither included nor excluded alone.",
                    "Name the partitioned table.");
        }
        if (!unmatched.isEmpty()) {
            findings.error(
                    "Nothing on the source matches " + Words.list(unmatched) + ".",
                    "Names are compared exactly, in the case that the catalogue has them in; in double quotes they keep"
                            + " their upper case.",
                    "Correct or remove the filter.");
        } else if (view.plan().carried().isEmpty() && !filter.isEverything()) {
            findings.error(
                    "The filters leave no table to migrate.",
                    "Each of them matches something, but together they exclude every table.",
                    "Correct the filters.");
        } else if (view.plan().carried().isEmpty()) {
            findings.warning(
                    "The source database " + view.server().quotedDatabase() + " has no tables.",
                    "Perhaps --source names another database than you mean.");
        } else {
            findings.ok(
                    filter.isEverything()
                            ? "Everything is carried: "
                                    + Words.count(view.plan().carried().size(), "table") + "."
                            : "The filters carry " + view.plan().carried().size() + " of "
                                    + Words.count(view.tables().size(), "table") + ".");
        }
    }

    /// Partitions that the filters name without the effect that the operator means.
    private static List<QualifiedName> namedPartitions(SourceView view) {
        FilterConfig filter = view.request().filter();
        return view.tables().stream()
                .filter(CatalogTable::isPartition)
                .filter(table -> filter.carries(table.decidingName())
                        ? filter.excludeTables().contains(table.name())
                        : filter.includeTables().contains(table.name()))
                .map(CatalogTable::name)
                .toList();
    }

    private static void unmatchedSchemas(
            String option, List<String> wanted, Set<String> existing, List<String> unmatched) {
        wanted.stream()
                .filter(schema -> !existing.contains(schema))
                .forEach(schema -> unmatched.add(option + " " + schema));
    }

    private static void unmatchedTables(
            String option, List<QualifiedName> wanted, Set<QualifiedName> existing, List<String> unmatched) {
        wanted.stream()
                .filter(table -> !existing.contains(table))
                .forEach(table -> unmatched.add(option + " " + table));
    }

    /// Inheritance children whose parent stays behind, and the other way round. Partitions cannot be separated.
    private static void inheritance(SourceView view, Findings findings) {
        Set<QualifiedName> carried = CarryPlan.names(view.plan().carried());
        List<QualifiedName> orphans = new ArrayList<>();
        List<QualifiedName> leftOut = new ArrayList<>();
        for (CatalogTable table : view.tables()) {
            if (table.parent().isEmpty() || table.ofExtension()) {
                continue;
            }
            boolean parentCarried = carried.contains(table.parent().get());
            boolean childCarried = carried.contains(table.name());
            if (childCarried && !parentCarried) {
                orphans.add(table.name());
            } else if (!childCarried && parentCarried) {
                leftOut.add(table.name());
            }
        }
        if (!orphans.isEmpty()) {
            findings.warning(
                    "Carried without their parent table: " + Words.list(orphans) + ".",
                    "They inherit from a table that the filters leave out; the restore cannot create them.",
                    "Include the parents too, or use --allow-restore-errors.");
        }
        if (!leftOut.isEmpty()) {
            findings.warning(
                    "Their parent is carried, but not " + Words.list(leftOut) + ".",
                    "The rows of these children stay behind: a query of the parent finds fewer rows on the target.",
                    "Include them too.");
        }
    }

    private static void foreignKeys(SourceView view, Findings findings) throws SQLException {
        Set<QualifiedName> carried = CarryPlan.names(view.plan().carried());
        List<String> leaving = new ArrayList<>();
        Query.list(
                        view.connection(),
                        "select c.conname, n.nspname, r.relname, fn.nspname, f.relname from pg_constraint c"
                                + " join pg_class r on r.oid = c.conrelid join pg_namespace n on n.oid = r.relnamespace"
                                + " join pg_class f on f.oid = c.confrelid"
                                + " join pg_namespace fn on fn.oid = f.relnamespace"
                                + " where c.contype = 'f' and c.conparentid = 0 order by 2, 3, 1",
                        row -> List.of(
                                new QualifiedName(row.getString(2), row.getString(3)),
                                new QualifiedName(row.getString(4), row.getString(5)),
                                new QualifiedName(row.getString(2), row.getString(1))))
                .stream()
                .filter(key -> carried.contains(key.get(0)) && !carried.contains(key.get(1)))
                .forEach(key -> leaving.add(key.get(2).name() + " (" + key.get(0) + " to " + key.get(1) + ")"));
        if (!leaving.isEmpty()) {
            findings.warning(
                    "Foreign keys lead out of what is carried: " + Words.list(leaving) + ".",
                    "They will not be made on the target, because the table that they refer to is not copied.",
                    "Include those tables too, if the foreign keys are to be kept.");
        }
    }
}
