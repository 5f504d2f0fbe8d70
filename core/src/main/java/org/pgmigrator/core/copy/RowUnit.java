package org.pgmigrator.core.copy;

import java.util.OptionalLong;
import org.pgmigrator.core.config.QualifiedName;

/// A part of the rows that is copied in one transaction of the target, which also marks it as done: a table, or a range
/// of pages of a large one.
///
/// The division is made once and remembered: a table that has grown since would be divided in another way.
///
/// @param number    its place in the plan, from 1
/// @param firstPage the first page of the range, 0 for a whole table
/// @param endPage   the page behind the range; empty: to the table's end, wherever that is
/// @param bytes     an estimate of the work
public record RowUnit(int number, QualifiedName table, long firstPage, OptionalLong endPage, long bytes) {

    boolean isWholeTable() {
        return firstPage == 0 && endPage.isEmpty();
    }

    /// The rows of this part alone. Pages do not move under the lock that the snapshot's holder has.
    String condition() {
        return "ctid >= '(" + firstPage + ",0)'"
                + (endPage.isPresent() ? " and ctid < '(" + endPage.getAsLong() + ",0)'" : "");
    }

    @Override
    public String toString() {
        return isWholeTable()
                ? table.toString()
                : table + " from page " + firstPage + (endPage.isPresent() ? " to " + (endPage.getAsLong() - 1) : "");
    }
}
