package org.pgmigrator.sandbox.compare;

import java.util.ArrayList;
import java.util.List;

/// A table as SQL needs it.
///
/// @param name qualified, to be shown
/// @param sqlName qualified and quoted
/// @param columns quoted, in the table's order, generated ones included
record TableShape(String name, String sqlName, List<String> columns) {

    TableShape {
        columns = List.copyOf(columns);
    }

    TableShape withColumnsOf(TableShape other) {
        List<String> all = new ArrayList<>(columns);
        all.addAll(other.columns);
        return new TableShape(name, sqlName, all);
    }
}
