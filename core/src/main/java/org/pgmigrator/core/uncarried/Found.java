package org.pgmigrator.core.uncarried;

import java.util.List;
import java.util.OptionalLong;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.CatalogTable;

/// What a database has that logical decoding does not carry. Sequences are not part of it.
///
/// @param unloggedTables    the carried ones that have rows of their own, sorted by name
/// @param largeObjects      empty if the filter leaves them out
/// @param materializedViews the carried ones, sorted by name
public record Found(
        List<CatalogTable> unloggedTables, LargeObjects largeObjects, List<MaterializedView> materializedViews) {

    public Found {
        unloggedTables = List.copyOf(unloggedTables);
        materializedViews = List.copyOf(materializedViews);
    }

    /// The large objects of a database, or those that a filter lets through: all or none.
    ///
    /// @param count    how many are carried
    /// @param bytes    what the table of their pages occupies; empty if the role may not know
    /// @param readable whether the role may read the pages of all of them, without which changes are not found
    /// @param lockable whether the role may lock them: superusers only
    public record LargeObjects(long count, OptionalLong bytes, boolean readable, boolean lockable) {}

    /// A materialized view.
    ///
    /// @param populated whether it can be read: false after WITH NO DATA
    /// @param bytes     what its contents occupy
    public record MaterializedView(QualifiedName name, boolean populated, long bytes) {}

    /// What the unlogged tables occupy together.
    public long unloggedBytes() {
        return unloggedTables.stream().mapToLong(CatalogTable::bytes).sum();
    }
}
