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

    /// Does what can be done without the target: folds what has come, and more when more has come.
    void foldAhead() {
        if (!insertsOnly && table.plan().order() == TablePlan.Order.FOLD) {
            if (folded == null) {
                folded = new NetChanges(table, 0);
            }
            folded.fold(changes);
        }
    }

    /// The changes from `from` on, as far as they can be folded.
    NetChanges folded(int from) {
        NetChanges net = from == 0 && folded != null ? folded : new NetChanges(table, from);
        net.fold(changes);
        return net;
    }

    /// Takes over changes of other rows, or later ones.
    void append(TableChanges more) {
        changes.addAll(more.changes);
        origins.addAll(more.origins);
        insertsOnly &= more.insertsOnly;
    }

    void add(Change change, Origin origin) {
        changes.add(change);
        origins.add(origin);
        insertsOnly &= change instanceof Change.Insert;
    }
}
