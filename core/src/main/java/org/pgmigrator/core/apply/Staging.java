package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.pgmigrator.core.apply.TargetTable.TargetColumn;
import org.pgmigrator.core.postgres.Catalog;

/// Updates and deletes of many rows by one statement: their keys and values go by COPY into a temporary table, which is
/// then joined with the table itself.
///
/// One temporary table for each table and set of columns, made once and emptied when it was used. (With ON
/// COMMIT DELETE ROWS every commit would truncate all of them.) Confined to the thread that writes, inside the target
/// transaction of its caller.
final class Staging {

    /// Beyond this many all are dropped, and made again as they are needed.
    private static final int MAX_TABLES = 300;

    /// So many rows may be deleted from a temporary table before it is truncated: they are passed over by each scan.
    private static final int MAX_DELETED_ROWS = 5_000;

    /// From here on it is worth a question whether a plain join is safe: it spares a second look at each row.
    private static final int MIN_JOINED_ROWS = 2_000;

    private final Connection target;
    private final Map<Key, String> names = new HashMap<>();
    private final Map<String, Integer> rowsSinceTruncate = new HashMap<>();
    private int next;

    /// @param columns the positions of the columns that it has
    private record Key(int tableId, BitSet columns) {}

    Staging(Connection target) {
        this.target = target;
    }

    /// Deletes the rows with these keys.
    ///
    /// @return how many there were
    long delete(TargetTable table, List<NetRow> rows) throws SQLException {
        BitSet columns = keyColumns(table);
        String staged = fill(table, columns, rows);
        Meeting meeting = meeting(table, staged, rows.size());
        return run(
                "DELETE FROM " + DmlSql.from(table) + " USING " + meeting.found() + " AS s WHERE " + meeting.where(),
                staged,
                rows.size());
    }

    /// Sets some columns of the rows with these keys.
    ///
    /// @param present the positions of the columns that each of the rows has a value for
    /// @return how many there were
    long update(TargetTable table, BitSet present, List<NetRow> rows) throws SQLException {
        BitSet columns = keyColumns(table);
        columns.or(present);
        BitSet assigned = (BitSet) columns.clone();
        assigned.andNot(keyColumns(table));
        // Where nothing is left to be set the row must exist all the same.
        IntStream set = assigned.isEmpty() ? keyColumns(table).stream() : assigned.stream();
        String assignments = set.mapToObj(
                        position -> table.columns().get(position).quoted() + " = s.c" + position)
                .collect(Collectors.joining(", "));
        String staged = fill(table, columns, rows);
        Meeting meeting = meeting(table, staged, rows.size());
        return run(
                "UPDATE " + DmlSql.from(table) + " SET " + assignments + " FROM " + meeting.found() + " AS s WHERE "
                        + meeting.where(),
                staged,
                rows.size());
    }

    private static BitSet keyColumns(TargetTable table) {
        BitSet columns = new BitSet();
        table.plan().key().forEach(columns::set);
        return columns;
    }

    /// How staged rows meet the table's.
    ///
    /// @param found the staged rows, as what stands in FROM
    /// @param where what must be true of a row of the table and a staged one
    private record Meeting(String found, String where) {}

    /// A plain join, or each row by itself, whatever the planner believes of the table's size: a join turns quadratic
    /// where the statistics say that the table is nearly empty.
    private Meeting meeting(TargetTable table, String staged, int rows) throws SQLException {
        if (table.partitioned() || (rows >= MIN_JOINED_ROWS && isKnownToBeLarge(table))) {
            return new Meeting(staged, byKey(table));
        }
        return new Meeting(
                "(SELECT s.*, (SELECT t.ctid FROM " + DmlSql.from(table) + " WHERE " + byKey(table)
                        + ") AS found_at FROM " + staged + " AS s OFFSET 0)",
                "t.ctid = s.found_at");
    }

    /// Asked each time: a vacuum may find at any time that the table was just empty.
    private boolean isKnownToBeLarge(TargetTable table) throws SQLException {
        return "t"
                .equals(Catalog.value(
                        target,
                        "SELECT c.reltuples >= 1000 AND c.reltuples >= c.relpages"
                                + " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                                + " WHERE n.nspname = ? AND c.relname = ?",
                        table.name().schema(),
                        table.name().name()));
    }

    private static String byKey(TargetTable table) {
        return table.plan().key().stream()
                .map(position -> {
                    TargetColumn column = table.columns().get(position);
                    return "t." + column.quoted() + " " + column.equality().orElseThrow() + " s.c" + position;
                })
                .collect(Collectors.joining(" AND "));
    }

    private String fill(TargetTable table, BitSet columns, List<NetRow> rows) throws SQLException {
        String name = create(table, columns);
        int[] positions = columns.stream().toArray();
        boolean[] isKey = new boolean[table.columns().size()];
        table.plan().key().forEach(position -> isKey[position] = true);
        CopyData.send(target, name, table.binary(), data -> {
            for (NetRow row : rows) {
                data.row(row, positions, isKey);
            }
        });
        return name;
    }

    private String create(TargetTable table, BitSet columns) throws SQLException {
        Key key = new Key(table.id(), columns);
        String known = names.get(key);
        if (known != null) {
            return known;
        }
        if (names.size() >= MAX_TABLES) {
            drop();
        }
        String name = "pgmigrator_staging_" + next++;
        String list = columns.stream()
                .mapToObj(position -> "t." + table.columns().get(position).quoted() + " AS c" + position)
                .collect(Collectors.joining(", "));
        execute("CREATE TEMPORARY TABLE " + name + " AS SELECT " + list + " FROM " + DmlSql.from(table)
                + " WITH NO DATA");
        String qualified = "pg_temp." + name;
        names.put(key, qualified);
        return qualified;
    }

    /// Drops what there is of them: some may be gone with a savepoint to which the caller has gone back.
    void drop() throws SQLException {
        if (!names.isEmpty()) {
            execute("DROP TABLE IF EXISTS " + String.join(", ", names.values()));
            names.clear();
            rowsSinceTruncate.clear();
        }
    }

    private long run(String sql, String staged, int rows) throws SQLException {
        // TRUNCATE gives a table new files, which is a change of the catalogue each time: not for a few rows.
        int since = rowsSinceTruncate.merge(staged, rows, Integer::sum);
        boolean truncate = since > MAX_DELETED_ROWS;
        if (truncate) {
            rowsSinceTruncate.put(staged, 0);
        }
        try (Statement statement = target.createStatement()) {
            statement.setEscapeProcessing(false);
            // One round trip; the first answer is the statement's.
            statement.execute(sql + (truncate ? "; TRUNCATE " : "; DELETE FROM ") + staged);
            return statement.getLargeUpdateCount();
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(sql);
        }
    }
}
