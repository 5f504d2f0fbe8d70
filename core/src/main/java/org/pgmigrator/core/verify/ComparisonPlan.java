package org.pgmigrator.core.verify;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.CatalogTable.CatalogColumn;

/// Which table of the source is compared with which of the target.
///
/// A partition is compared with the partition of its name, where both roots are divided into the same ones and a row is
/// in the same one on both sides; otherwise the roots are compared as a whole.
///
/// @param tables        what is compared, the largest first
/// @param notComparable tables that are on one side only, or that a role can't read, each with what to say of it
record ComparisonPlan(List<ComparedTable> tables, Map<QualifiedName, String> notComparable) {

    ComparisonPlan {
        tables = List.copyOf(tables);
    }

    /// @param carried by the name that decides for a table: a partition goes with its root
    static ComparisonPlan of(SideCatalog source, SideCatalog target, Predicate<QualifiedName> carried) {
        return new Pairing(source, target, carried).plan();
    }

    private static final class Pairing {
        private final SideCatalog source;
        private final SideCatalog target;
        private final Map<QualifiedName, CatalogTable> sourceTables;
        private final Map<QualifiedName, CatalogTable> targetTables;
        private final List<ComparedTable> pairs = new ArrayList<>();
        private final Map<QualifiedName, String> notComparable = new LinkedHashMap<>();

        Pairing(SideCatalog source, SideCatalog target, Predicate<QualifiedName> carried) {
            this.source = source;
            this.target = target;
            this.sourceTables = byName(source, carried);
            this.targetTables = byName(target, carried);
        }

        private static Map<QualifiedName, CatalogTable> byName(SideCatalog side, Predicate<QualifiedName> carried) {
            Map<QualifiedName, CatalogTable> byName = new LinkedHashMap<>();
            side.tables().stream()
                    .filter(table -> !table.ofExtension() && carried.test(table.decidingName()))
                    .forEach(table -> byName.put(table.name(), table));
            return byName;
        }

        ComparisonPlan plan() {
            for (CatalogTable table : sourceTables.values()) {
                if (!table.isPartition()) {
                    top(table);
                }
            }
            targetTables.values().stream()
                    .filter(table -> !table.isPartition() && !isOnSource(table))
                    .forEach(table -> notComparable.put(table.name(), "the source has no such table"));
            pairs.sort(Comparator.comparingLong(ComparedTable::bytes).reversed().thenComparing(ComparedTable::name));
            return new ComparisonPlan(pairs, notComparable);
        }

        private boolean isOnSource(CatalogTable table) {
            CatalogTable there = sourceTables.get(table.name());
            return there != null && !there.isPartition();
        }

        private void top(CatalogTable table) {
            CatalogTable counterpart = targetTables.get(table.name());
            if (counterpart == null || counterpart.isPartition()) {
                notComparable.put(table.name(), "the target has no such table");
                return;
            }
            Set<QualifiedName> leaves = leaves(sourceTables, table);
            boolean steady =
                    Collections.disjoint(leaves, source.unsteady()) && Collections.disjoint(leaves, target.unsteady());
            if (table.partitioned()
                    && steady
                    && leaves.equals(leaves(targetTables, counterpart))
                    && counterpart.partitioned()) {
                leaves.stream()
                        .sorted()
                        .forEach(leaf -> pair(find(sourceTables, leaf), find(targetTables, leaf), false));
            } else {
                pair(table, counterpart, table.partitioned() || counterpart.partitioned());
            }
        }

        private static CatalogTable find(Map<QualifiedName, CatalogTable> tables, QualifiedName name) {
            return Optional.ofNullable(tables.get(name)).orElseThrow();
        }

        private static Set<QualifiedName> leaves(Map<QualifiedName, CatalogTable> tables, CatalogTable root) {
            return tables.values().stream()
                    .filter(table ->
                            !table.partitioned() && table.partitionRoot().equals(Optional.of(root.name())))
                    .map(CatalogTable::name)
                    .collect(Collectors.toCollection(HashSet::new));
        }

        private void pair(CatalogTable there, CatalogTable here, boolean whole) {
            String unreadable = unreadable(source, there, "source") + unreadable(target, here, "target");
            if (!unreadable.isEmpty()) {
                notComparable.put(there.name(), "not compared: " + unreadable.strip());
                return;
            }
            List<String> thereOnly = missing(there, here);
            List<String> hereOnly = missing(here, there);
            List<String> remarks = new ArrayList<>();
            if (!thereOnly.isEmpty()) {
                remarks.add("columns that the target does not have: " + String.join(", ", thereOnly));
            }
            if (!hereOnly.isEmpty()) {
                remarks.add("columns that the source does not have: " + String.join(", ", hereOnly));
            }
            List<String> common = there.columns().stream()
                    .map(CatalogColumn::name)
                    .filter(name -> !thereOnly.contains(name))
                    .toList();
            List<String> key = source.keys().getOrDefault(there.oid(), List.of());
            pairs.add(new ComparedTable(
                    TableRead.of(there, whole),
                    TableRead.of(here, whole),
                    common,
                    common.containsAll(key) ? key : List.of(),
                    !source.encoding().equals(target.encoding()),
                    remarks));
        }

        private static String unreadable(SideCatalog side, CatalogTable table, String word) {
            String reason = side.unreadable().get(table.oid());
            return reason == null ? "" : "on the " + word + " the role " + side.role() + " " + reason + ". ";
        }

        private static List<String> missing(CatalogTable from, CatalogTable in) {
            Set<String> names = in.columns().stream().map(CatalogColumn::name).collect(Collectors.toSet());
            return from.columns().stream()
                    .map(CatalogColumn::name)
                    .filter(name -> !names.contains(name))
                    .toList();
        }
    }
}
