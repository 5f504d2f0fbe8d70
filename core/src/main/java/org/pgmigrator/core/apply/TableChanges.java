package org.pgmigrator.core.apply;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.stream.Change;
import org.pgmigrator.decoder.PgOutputMessage.Relation;

/// The changes of one table in a window, in the source's order.
final class TableChanges {

    private final TargetTable table;
    private final List<Change> changes = new ArrayList<>();
    private final List<Origin> origins = new ArrayList<>();
    private boolean insertsOnly = true;
    private @Nullable NetChanges folded;

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

    /// Does what can be done without the target: folds from the first change on.
    void foldAhead() {
        if (!insertsOnly && table.plan().order() == TablePlan.Order.FOLD) {
            folded = NetChanges.fold(table, changes, 0);
        }
    }

    /// The changes from `from` on, as far as they can be folded.
    NetChanges folded(int from) {
        return from == 0 && folded != null ? folded : NetChanges.fold(table, changes, from);
    }

    void add(Change change, Origin origin) {
        changes.add(change);
        origins.add(origin);
        folded = null;
        insertsOnly &= change instanceof Change.Insert;
    }
}
