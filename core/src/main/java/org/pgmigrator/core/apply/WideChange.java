package org.pgmigrator.core.apply;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// A change whose values cannot be in a statement's text, because they are too large or came in a form that only COPY
/// takes: they are sent by COPY to a temporary table, and the statement takes them from there. Nothing of them is held
/// here a second time.
///
/// Confined to the thread that writes.
final class WideChange {

    /// From this size on the copies that a statement's text costs would be felt in a small heap.
    static final long MIN_BYTES = 256 * 1024;

    private static final int MAX_TABLES = 300;

    private final Connection target;
    private final Map<List<String>, String> names = new HashMap<>();

    WideChange(Connection target) {
        this.target = target;
    }

    void write(RowChange change, Origin origin) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.setEscapeProcessing(false);
            String table = change.table().binary() ? oneRow(statement, change) : oneRowEach(statement, change);
            String sql = change.sql(number -> change.table().binary()
                    ? "(SELECT v" + number + " FROM " + table + ")"
                    : "(SELECT v FROM " + table + " WHERE n = " + number + ")");
            long count = statement.executeLargeUpdate(sql);
            if (count != 1) {
                throw TargetErrors.wrongCount(change, count, origin);
            }
            statement.execute((change.byteSize() >= MIN_BYTES ? "TRUNCATE " : "DELETE FROM ") + table);
        } catch (SQLException refusal) {
            throw TargetErrors.of(TargetErrors.describe(change), origin, refusal);
        }
    }

    /// In text form a value is whatever the statement casts it to.
    private String oneRowEach(Statement statement, RowChange change) throws SQLException {
        String table = create(statement, List.of("n int", "v text"));
        CopyData.send(target, table, false, data -> {
            for (int i = 0; i < change.values().size(); i++) {
                for (byte digit : Integer.toString(i + 1).getBytes(StandardCharsets.US_ASCII)) {
                    data.raw(digit);
                }
                data.value(
                        1,
                        change.values().get(i).tuple(),
                        change.values().get(i).column());
                data.endRow();
            }
        });
        return table;
    }

    /// In binary form a value goes into a column of its own type only.
    private String oneRow(Statement statement, RowChange change) throws SQLException {
        List<RowChange.Value> values = change.values();
        String table = create(
                statement,
                IntStream.range(0, values.size())
                        .mapToObj(i -> "v" + (i + 1) + " "
                                + change.table()
                                        .columns()
                                        .get(values.get(i).column())
                                        .type())
                        .toList());
        CopyData.send(target, table, true, data -> {
            data.beginRow(values.size());
            for (int i = 0; i < values.size(); i++) {
                data.value(i, values.get(i).tuple(), values.get(i).column());
            }
            data.endRow();
        });
        return table;
    }

    private String create(Statement statement, List<String> columns) throws SQLException {
        if (names.size() >= MAX_TABLES && !names.containsKey(columns)) {
            statement.execute("DROP TABLE IF EXISTS " + String.join(", ", names.values()));
            names.clear();
        }
        String name = names.computeIfAbsent(columns, unused -> "pg_temp.pgmigrator_wide_" + names.size());
        // Always: the caller may have gone back to a savepoint before the one that made it.
        statement.execute("CREATE TEMPORARY TABLE IF NOT EXISTS " + name + " (" + String.join(", ", columns) + ")");
        return name;
    }
}
