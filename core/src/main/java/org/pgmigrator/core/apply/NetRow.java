package org.pgmigrator.core.apply;

import org.jspecify.annotations.Nullable;
import org.pgmigrator.decoder.Tuple;

/// What a window of changes makes of one row, named by its key.
///
/// The row as it is now may lack values: columns that were unchanged TOAST in every update of the window. They can only
/// be those of the row that had this key before the window: a row that came into being in the window is complete.
final class NetRow {

    private final int hash;
    private final long order;
    private final Tuple key;
    private final boolean existed;

    private @Nullable Tuple after;
    private @Nullable Tuple @Nullable [] filled;

    /// @param order   where the row stands among others, roughly: see [KeyOrder]
    /// @param key     a tuple whose key columns have this row's values
    /// @param existed whether the target has the row before the window
    NetRow(int hash, long order, Tuple key, boolean existed) {
        this.hash = hash;
        this.order = order;
        this.key = key;
        this.existed = existed;
    }

    int hash() {
        return hash;
    }

    long order() {
        return order;
    }

    /// The tuple with the values of the key's columns; of its other columns nothing is known.
    Tuple key() {
        return key;
    }

    boolean existed() {
        return existed;
    }

    boolean isPresent() {
        return after != null;
    }

    /// Whether the target's row keeps some of its values.
    boolean isPartial() {
        Tuple row = after;
        if (row == null || !row.hasUnchangedToast()) {
            return false;
        }
        for (int column = 0; column < row.columnCount(); column++) {
            if (source(column) == null) {
                return true;
            }
        }
        return false;
    }

    /// The tuple that has this column's value of the present row; null if the target's row keeps its own.
    @Nullable
    Tuple source(int column) {
        Tuple row = after;
        if (row == null || !row.isUnchangedToast(column)) {
            return row;
        }
        return filled == null ? null : filled[column];
    }

    void remove() {
        after = null;
        filled = null;
    }

    /// The row is now this one. What it leaves out is taken from `values`, and where that has nothing from the target.
    void become(Tuple next, @Nullable Tuple @Nullable [] values) {
        after = next;
        filled = values;
    }

    /// Where the values are that `next` leaves out and this present row has; null if `next` is whole.
    @Nullable
    Tuple @Nullable [] complete(Tuple next) {
        if (!next.hasUnchangedToast()) {
            return null;
        }
        @Nullable Tuple[] values = new Tuple[next.columnCount()];
        for (int column = 0; column < values.length; column++) {
            if (next.isUnchangedToast(column)) {
                values[column] = source(column);
            }
        }
        return values;
    }
}
