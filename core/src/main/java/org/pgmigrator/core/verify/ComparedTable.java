package org.pgmigrator.core.verify;

import java.util.List;
import org.pgmigrator.core.config.QualifiedName;

/// A table whose rows are compared.
///
/// @param columns those that both sides have, in the source's order
/// @param key     those of them that tell rows apart; empty if there is no such key
/// @param remarks how the two tables themselves differ, beside their rows
record ComparedTable(
        TableRead source,
        TableRead target,
        List<String> columns,
        List<String> key,
        boolean encodingsDiffer,
        List<String> remarks) {

    ComparedTable {
        columns = List.copyOf(columns);
        key = List.copyOf(key);
        remarks = List.copyOf(remarks);
    }

    QualifiedName name() {
        return source.name();
    }

    TableRead read(boolean ofSource) {
        return ofSource ? source : target;
    }

    RowText rowText(boolean ofSource) {
        return new RowText(read(ofSource), columns, encodingsDiffer);
    }

    /// What the comparison costs: an estimate.
    long bytes() {
        return Math.max(source.bytes(), target.bytes());
    }
}
