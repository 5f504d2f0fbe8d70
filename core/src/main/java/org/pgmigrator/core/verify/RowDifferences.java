package org.pgmigrator.core.verify;

import java.util.List;

/// Where the rows of a table differ.
///
/// @param keys      differing rows, each by its key or its place, and how it differs
/// @param more      how many more there are at least
/// @param sourceSql the statement that shows them on the source; empty if there is none
/// @param problems  why they could not all be found
record RowDifferences(List<String> keys, long more, String sourceSql, String targetSql, List<String> problems) {

    static final RowDifferences NONE = new RowDifferences(List.of(), 0, "", "", List.of());

    RowDifferences {
        keys = List.copyOf(keys);
        problems = List.copyOf(problems);
    }
}
