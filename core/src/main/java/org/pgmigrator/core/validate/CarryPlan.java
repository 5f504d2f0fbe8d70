package org.pgmigrator.core.validate;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.ReplicationConfig.WithoutIdentity;
import org.pgmigrator.core.postgres.CatalogTable;

/// Which tables are carried, which of them by the stream, and what the publications have to list for it.
///
/// @param carried         every table that the filter lets through and no extension owns, partition roots included; a
///                        partition goes with its root
/// @param streamed        those whose changes the stream carries: permanent, with rows of their own
/// @param unlogged        those that are copied but never streamed
/// @param withoutIdentity the streamed tables whose UPDATE and DELETE the source would refuse once published
/// @param published       what the publication lists: a root in place of its partitions where all of them belong to it
/// @param insertOnly      what the second publication, of inserts and truncates alone, lists; mostly nothing
record CarryPlan(
        List<CatalogTable> carried,
        List<CatalogTable> streamed,
        List<CatalogTable> unlogged,
        List<CatalogTable> withoutIdentity,
        List<CatalogTable> published,
        List<CatalogTable> insertOnly) {

    CarryPlan {
        carried = List.copyOf(carried);
        streamed = List.copyOf(streamed);
        unlogged = List.copyOf(unlogged);
        withoutIdentity = List.copyOf(withoutIdentity);
        published = List.copyOf(published);
        insertOnly = List.copyOf(insertOnly);
    }

    /// @param tables every user table, sorted by name; the order is kept
    /// @param major  the source's
    static CarryPlan of(List<CatalogTable> tables, FilterConfig filter, WithoutIdentity withoutIdentity, int major) {
        List<CatalogTable> carried =
                tables.stream().filter(table -> table.isCarriedBy(filter)).toList();
        List<CatalogTable> streamed = carried.stream()
                .filter(table -> !table.partitioned() && !table.unlogged())
                .toList();
        List<CatalogTable> unlogged = carried.stream()
                .filter(table -> !table.partitioned() && table.unlogged())
                .toList();
        List<CatalogTable> identityless = streamed.stream()
                .filter(table -> !IdentityRule.isUsable(table, major))
                .toList();
        List<CatalogTable> insertOnly = withoutIdentity == WithoutIdentity.INSERT_ONLY ? identityless : List.of();
        Set<QualifiedName> apart = names(insertOnly);
        List<CatalogTable> full =
                streamed.stream().filter(table -> !apart.contains(table.name())).toList();
        return new CarryPlan(
                carried,
                streamed,
                unlogged,
                identityless,
                withRoots(tables, carried, full, unlogged, true),
                withRoots(tables, carried, insertOnly, unlogged, false));
    }

    /// `members`, with each partition root in place of its partitions where all of them are members or unlogged. A root
    /// brings its future partitions with it; a publication of partitions alone sends nothing for them.
    ///
    /// @param emptyRoots whether a root that has no partition yet is listed
    private static List<CatalogTable> withRoots(
            List<CatalogTable> tables,
            List<CatalogTable> carried,
            List<CatalogTable> members,
            List<CatalogTable> unlogged,
            boolean emptyRoots) {
        Set<QualifiedName> memberNames = names(members);
        Set<QualifiedName> unloggedNames = names(unlogged);
        Set<QualifiedName> roots = new HashSet<>();
        for (CatalogTable root : carried) {
            if (!root.partitioned() || root.isPartition() || root.unlogged()) {
                continue;
            }
            List<QualifiedName> leaves = tables.stream()
                    .filter(table ->
                            !table.partitioned() && table.partitionRoot().equals(Optional.of(root.name())))
                    .map(CatalogTable::name)
                    .toList();
            boolean whole =
                    leaves.stream().allMatch(name -> memberNames.contains(name) || unloggedNames.contains(name));
            if (leaves.isEmpty() ? emptyRoots : whole && leaves.stream().anyMatch(memberNames::contains)) {
                roots.add(root.name());
            }
        }
        List<CatalogTable> listed = new ArrayList<>();
        for (CatalogTable table : carried) {
            boolean ofListedRoot = table.partitionRoot().isPresent()
                    && roots.contains(table.partitionRoot().get());
            if (roots.contains(table.name()) || (memberNames.contains(table.name()) && !ofListedRoot)) {
                listed.add(table);
            }
        }
        return listed;
    }

    static Set<QualifiedName> names(List<CatalogTable> tables) {
        Set<QualifiedName> names = new HashSet<>();
        tables.forEach(table -> names.add(table.name()));
        return names;
    }
}
