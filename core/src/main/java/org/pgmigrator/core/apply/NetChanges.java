package org.pgmigrator.core.apply;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.stream.Change;
import org.pgmigrator.decoder.OldRow;
import org.pgmigrator.decoder.Tuple;

/// Folds the changes of one table, in the source's order, to one net change for each row.
///
/// Rows are told apart by the bytes of their keys. Two keys that differ in their bytes may be equal to an index (1.0
/// and
/// 1.00); that is harmless, because deletes are written first, then updates, then inserts, and only one of the two can
/// be present.
///
/// Folding ends before a change that cannot be folded: it has to be written by itself, after what was folded.
final class NetChanges {

    private static final int INITIAL_SLOTS = 64;

    private final int[] key;
    private @Nullable NetRow[] slots = new NetRow[INITIAL_SLOTS];
    private final List<NetRow> rows = new ArrayList<>();
    private final List<NetRow> deletes = new ArrayList<>();
    private final List<NetRow> updates = new ArrayList<>();
    private final List<NetRow> inserts = new ArrayList<>();
    private int end;
    private boolean sorted;

    /// Nothing yet, of the changes from `from` on.
    NetChanges(TargetTable table, int from) {
        this.key = table.plan().key().stream().mapToInt(Integer::intValue).toArray();
        this.end = from;
    }

    /// Goes on from where it has ended, as far as it goes.
    ///
    /// @param changes the same as before, and what has come since
    void fold(List<Change> changes) {
        while (end < changes.size() && add(changes.get(end))) {
            end++;
            sorted = false;
        }
    }

    /// The position of the first change that is not folded in here.
    int end() {
        return end;
    }

    /// Rows that the target has and that are to go, in the order of the index that finds them.
    List<NetRow> deletes() {
        sort();
        return deletes;
    }

    /// Rows that the target has and that are other ones now, in the same order.
    List<NetRow> updates() {
        sort();
        return updates;
    }

    /// Rows that the target does not have, in the order in which they came.
    List<NetRow> inserts() {
        sort();
        return inserts;
    }

    private void sort() {
        if (sorted) {
            return;
        }
        sorted = true;
        deletes.clear();
        updates.clear();
        inserts.clear();
        for (NetRow row : rows) {
            if (row.existed()) {
                (row.isPresent() ? updates : deletes).add(row);
            } else if (row.isPresent()) {
                inserts.add(row);
            }
        }
        deletes.sort(KeyOrder.by(key));
        updates.sort(KeyOrder.by(key));
    }

    private boolean add(Change change) {
        if (key.length == 0) {
            return false;
        }
        return switch (change) {
            case Change.Insert insert -> insert(insert.after());
            case Change.Update update -> update(update);
            case Change.Delete delete -> delete(delete.before().tuple());
            case Change.Truncate truncate -> false;
            case Change.Message message -> false;
        };
    }

    private boolean insert(Tuple after) {
        if (!hasKey(after)) {
            return false;
        }
        NetRow row = find(after);
        if (row != null && row.isPresent()) {
            return false;
        }
        (row == null ? create(after, false) : row).become(after, null);
        return true;
    }

    private boolean delete(Tuple before) {
        if (!hasKey(before)) {
            return false;
        }
        NetRow row = find(before);
        if (row != null && !row.isPresent()) {
            return false;
        }
        (row == null ? create(before, true) : row).remove();
        return true;
    }

    private boolean update(Change.Update update) {
        Tuple after = update.after();
        Tuple before = switch (update.before()) {
            case OldRow.Absent absent -> after;
            case OldRow.Present present -> present.tuple();
        };
        if (!hasKey(before)) {
            return false;
        }
        NetRow row = find(before);
        if (row != null && !row.isPresent()) {
            return false;
        }
        // An old row does not prove that the key has changed: a toasted key is always sent.
        if (update.before() instanceof OldRow.Present && !isSameKey(before, after)) {
            return move(update.before(), before, after, row);
        }
        NetRow kept = row == null ? create(before, true) : row;
        kept.become(after, kept.complete(after));
        return true;
    }

    /// A changed key: the old row goes and a new one comes, whose values must all be known then.
    private boolean move(OldRow old, Tuple before, Tuple after, @Nullable NetRow from) {
        if (!hasKey(after)) {
            return false;
        }
        NetRow to = find(after);
        if (to != null && to.isPresent()) {
            return false;
        }
        @Nullable Tuple[] values = null;
        if (after.hasUnchangedToast()) {
            values = valuesOf(old, from, after);
            if (values == null) {
                return false;
            }
        }
        (from == null ? create(before, true) : from).remove();
        (to == null ? create(after, false) : to).become(after, values);
        return true;
    }

    /// Where the unchanged values of a row are that gets another key: in the whole old row, if that was sent, or in
    /// what
    /// this window has made of it; null if one of them is on the target alone.
    private static @Nullable Tuple @Nullable [] valuesOf(OldRow old, @Nullable NetRow from, Tuple after) {
        NetRow known = from;
        if (old instanceof OldRow.Full full) {
            known = new NetRow(0, 0, full.tuple(), true);
            known.become(full.tuple(), null);
        }
        if (known == null) {
            return null;
        }
        @Nullable Tuple[] values = Objects.requireNonNull(known.complete(after));
        for (int column = 0; column < values.length; column++) {
            if (after.isUnchangedToast(column) && values[column] == null) {
                return null;
            }
        }
        return values;
    }

    private boolean hasKey(Tuple tuple) {
        for (int column : key) {
            if (!tuple.isText(column) && !tuple.isBinary(column)) {
                return false;
            }
        }
        return true;
    }

    private boolean isSameKey(Tuple before, Tuple after) {
        for (int column : key) {
            if (!after.isUnchangedToast(column) && !before.sameValue(column, after, column)) {
                return false;
            }
        }
        return true;
    }

    private @Nullable NetRow find(Tuple tuple) {
        int hash = hash(tuple);
        int mask = slots.length - 1;
        for (int slot = hash & mask; ; slot = (slot + 1) & mask) {
            NetRow row = slots[slot];
            if (row == null || (row.hash() == hash && hasKeyOf(tuple, row))) {
                return row;
            }
        }
    }

    private boolean hasKeyOf(Tuple tuple, NetRow row) {
        for (int column : key) {
            if (!tuple.sameValue(column, row.key(), column)) {
                return false;
            }
        }
        return true;
    }

    private NetRow create(Tuple tuple, boolean existed) {
        NetRow row = new NetRow(hash(tuple), KeyOrder.of(tuple, key[0]), tuple, existed);
        rows.add(row);
        if (rows.size() * 2 > slots.length) {
            slots = new NetRow[slots.length * 4];
            rows.forEach(this::place);
        } else {
            place(row);
        }
        return row;
    }

    private void place(NetRow row) {
        int mask = slots.length - 1;
        int slot = row.hash() & mask;
        while (slots[slot] != null) {
            slot = (slot + 1) & mask;
        }
        slots[slot] = row;
    }

    private int hash(Tuple tuple) {
        int hash = 0;
        for (int column : key) {
            hash = 31 * hash + tuple.valueHash(column);
        }
        // Consecutive numbers differ in their last byte only: spread that over the slots.
        hash *= 0x9E3779B9;
        return hash ^ (hash >>> 15);
    }
}
