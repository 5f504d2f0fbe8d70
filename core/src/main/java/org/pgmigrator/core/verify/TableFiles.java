package org.pgmigrator.core.verify;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// The files of one side's tables as the snapshot knows them, and how large they are now.
///
/// @param files  `relfilenode` by the table's oid: another one later means that the rows are no longer what they were
/// @param blocks of the table itself, by its oid; empty unless asked for
/// @param bytes  with out-of-line values
record TableFiles(Map<Long, Long> files, Map<Long, Long> blocks, Map<Long, Long> bytes) {

    private static final long GONE = -1;

    /// @param sizes whether the sizes are wanted: they cost a look at each file
    static TableFiles read(Connection holder, List<TableRead> tables, boolean sizes) throws SQLException {
        TableFiles result = new TableFiles(new HashMap<>(), new HashMap<>(), new HashMap<>());
        if (tables.isEmpty()) {
            return result;
        }
        String oids = tables.stream().map(table -> Long.toString(table.oid())).collect(Collectors.joining(","));
        String size = sizes
                ? "coalesce(pg_relation_size(c.oid) / current_setting('block_size')::int8, 0),"
                        + " coalesce(pg_table_size(c.oid), 0)"
                : "0, 0";
        try (Statement statement = holder.createStatement();
                ResultSet row = statement.executeQuery("select c.oid::int8, c.relfilenode::int8, " + size
                        + " from pg_class c where c.oid = any('{" + oids + "}'::oid[])")) {
            while (row.next()) {
                long oid = row.getLong(1);
                result.files.put(oid, row.getLong(2));
                result.blocks.put(oid, row.getLong(3));
                result.bytes.put(oid, row.getLong(4));
            }
        }
        return result;
    }

    /// Whether this file is the one that the snapshot knows. What is read through its partitions has none of its own.
    boolean isSame(TableRead table, long file) {
        return table.whole() || files.getOrDefault(table.oid(), GONE) == file;
    }

    /// The parts in which a table is read.
    List<BlockRange> ranges(TableRead table) {
        return table.whole()
                ? List.of(BlockRange.ALL)
                : BlockRange.of(blocks.getOrDefault(table.oid(), 0L), bytes.getOrDefault(table.oid(), 0L));
    }
}
