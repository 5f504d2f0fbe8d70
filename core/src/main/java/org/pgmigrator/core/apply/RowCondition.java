package org.pgmigrator.core.apply;

import java.util.List;
import java.util.Optional;

/// How the row of an UPDATE or DELETE is found.
sealed interface RowCondition {

    /// By the values of these columns, which are unique on the target.
    record ByKey(List<Integer> columns) implements RowCondition {
        public ByKey {
            columns = List.copyOf(columns);
        }
    }

    /// By all published columns; one of several equal rows.
    ///
    /// @param indexedNull whether the value of the column that leads an index is null; empty if there is no such column
    record ByImage(Optional<Boolean> indexedNull) implements RowCondition {}
}
