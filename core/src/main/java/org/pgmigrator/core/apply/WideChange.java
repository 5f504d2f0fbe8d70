package org.pgmigrator.core.apply;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/// An UPDATE or DELETE with values too large for a statement's text: they are sent by COPY to a temporary table, and
/// the
/// statement takes them from there. Nothing of them is held here a second time.
///
/// Confined to the applier's thread.
final class WideChange {

    /// From this size on the copies that a statement's text costs would be felt in a small heap.
    static final long MIN_BYTES = 256 * 1024;

    private static final String TABLE = "pg_temp.pgmigrator_wide";

    private final Connection target;

    WideChange(Connection target) {
        this.target = target;
    }

    void write(RowChange change, Origin origin) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.setEscapeProcessing(false);
            // Always: the caller may have gone back to a savepoint before the one that made it.
            statement.execute("CREATE TEMPORARY TABLE IF NOT EXISTS pgmigrator_wide (n int, v text)");
            send(change.values());
            String sql = change.sql(number -> "(SELECT v FROM " + TABLE + " WHERE n = " + number + ")");
            long count = statement.executeLargeUpdate(sql);
            if (count != 1) {
                throw TargetErrors.wrongCount(change, count, origin);
            }
            statement.execute("TRUNCATE " + TABLE);
        } catch (SQLException refusal) {
            throw TargetErrors.of(TargetErrors.describe(change), origin, refusal);
        }
    }

    private void send(List<RowChange.Value> values) throws SQLException {
        CopyText.send(target, "COPY " + TABLE + " (n, v) FROM STDIN", text -> {
            for (int i = 0; i < values.size(); i++) {
                for (byte digit : Integer.toString(i + 1).getBytes(StandardCharsets.US_ASCII)) {
                    text.raw(digit);
                }
                text.raw('\t');
                text.value(values.get(i).tuple(), values.get(i).column());
                text.raw('\n');
            }
        });
    }
}
