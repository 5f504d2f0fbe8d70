package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;

/// Statements that the target has planned once, by table and shape. Confined to the thread that writes.
final class PreparedSql {

    /// Each unchanged-TOAST pattern is a shape of its own; beyond this many all are dropped and made again as needed.
    private static final int MAX_PREPARED = 2_000;

    private final Connection target;
    private final Map<Key, String> names = new HashMap<>();
    private int next;

    private record Key(int tableId, RowChange.Shape shape) {}

    PreparedSql(Connection target) {
        this.target = target;
    }

    /// `EXECUTE name(values)` for this change; prepares its shape if need be.
    ///
    /// @param batch sent first if statements have to be dropped
    StringBuilder execute(RowChange change, SqlBatch batch) throws SQLException {
        Key key = new Key(change.table().id(), change.shape());
        String name = names.get(key);
        if (name == null) {
            if (names.size() >= MAX_PREPARED) {
                batch.flush();
                run("DEALLOCATE ALL");
                names.clear();
            }
            name = "pgmigrator_" + next++;
            run("PREPARE " + name + " AS " + change.sql(number -> "$" + number));
            names.put(key, name);
        }
        StringBuilder sql = new StringBuilder("EXECUTE ").append(name);
        for (int i = 0; i < change.values().size(); i++) {
            sql.append(i == 0 ? '(' : ',');
            appendLiteral(sql, change, change.values().get(i));
        }
        return change.values().isEmpty() ? sql : sql.append(')');
    }

    private static void appendLiteral(StringBuilder sql, RowChange change, RowChange.Value value) {
        if (value.isNull()) {
            sql.append("NULL");
            return;
        }
        // standard_conforming_strings is on: a quote is the only character with a meaning.
        String text = change.text(value).orElseThrow();
        sql.append('\'');
        if (text.indexOf('\'') < 0) {
            sql.append(text);
        } else {
            sql.append(text.replace("'", "''"));
        }
        sql.append('\'');
    }

    private void run(String sql) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(sql);
        }
    }
}
