package org.pgmigrator.core.verify;

import java.util.Map;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.CatalogTable.CatalogColumn;

/// One side's half of a comparison: a table, and how it is read.
///
/// @param whole whether all partitions are read through it, because the other side is divided otherwise
/// @param types the columns' types by their names
/// @param rows  the planner's estimate, at least 0
record TableRead(QualifiedName name, long oid, boolean whole, Map<String, String> types, long bytes, long rows) {

    TableRead {
        types = Map.copyOf(types);
    }

    static TableRead of(CatalogTable table, boolean whole) {
        return new TableRead(
                table.name(),
                table.oid(),
                whole || table.partitioned(),
                table.columns().stream().collect(Collectors.toMap(CatalogColumn::name, CatalogColumn::type)),
                table.bytes(),
                Math.max(0, table.rows()));
    }

    /// What stands after FROM: the alias is `t`.
    String from() {
        return (whole ? "" : "only ") + name.quoted() + " t";
    }
}
