package org.pgmigrator.core.apply;

import java.util.List;

/// How the changes of one table are written, which follows from the catalogue of the target.
///
/// @param key    positions of the columns that find a row when changes are folded; empty if none do, so that only
///               inserts can be
/// @param reason why it is not folded, for people; empty if it is
record TablePlan(Order order, List<Integer> key, String reason) {

    TablePlan {
        key = List.copyOf(key);
    }

    enum Order {
        /// Only the net change of each row in a window is written.
        FOLD,
        /// The table's changes are written one by one in the source's order; other tables' go their own way.
        IN_ORDER,
        /// As `IN_ORDER`, and everything that came before it on any table is written first: a trigger might look at it.
        BARRIER
    }

    static TablePlan fold(List<Integer> key) {
        return new TablePlan(Order.FOLD, key, "");
    }

    static TablePlan inOrder(String reason) {
        return new TablePlan(Order.IN_ORDER, List.of(), reason);
    }

    static TablePlan barrier(String reason) {
        return new TablePlan(Order.BARRIER, List.of(), reason);
    }
}
