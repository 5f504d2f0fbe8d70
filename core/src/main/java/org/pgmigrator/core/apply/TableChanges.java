package org.pgmigrator.core.apply;

import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.stream.Change;
import org.pgmigrator.decoder.PgOutputMessage.Relation;

/// The changes of one table in a window, in the source's order.
final class TableChanges {

    private final TargetTable table;
    private final List<Change> changes = new ArrayList<>();
    private final List<Origin> origins = new ArrayList<>();
    private boolean insertsOnly = true;

    TableChanges(TargetTable table) {
        this.table = table;
    }

    TargetTable table() {
        return table;
    }

    List<Change> changes() {
        return changes;
    }

    /// One for each change.
    List<Origin> origins() {
        return origins;
    }

    int size() {
        return changes.size();
    }

    boolean isInsertsOnly() {
        return insertsOnly;
    }

    /// Whether it is this very announcement of a relation.
    @SuppressWarnings("ReferenceEquality")
    boolean isOf(Relation relation) {
        return table.relation() == relation;
    }

    void add(Change change, Origin origin) {
        changes.add(change);
        origins.add(origin);
        insertsOnly &= change instanceof Change.Insert;
    }
}
