package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.MigrationException;

/// Statements of any kind in their order, sent together: one round trip, one answer each, nothing reordered.
///
/// The batch runs inside a savepoint, so that after an error the one statement that caused it can be found and named.
/// Confined to the thread that writes, on a connection in the simple query protocol.
final class SqlBatch {

    /// Enough statements to make the round trip cheap; few enough that the text stays small.
    private static final int MAX_STATEMENTS = 1_000;

    private static final int MAX_CHARACTERS = 256 * 1024;

    private static final String SAVEPOINT = "SAVEPOINT pgmigrator_batch;\n";
    private static final String RELEASE = "RELEASE SAVEPOINT pgmigrator_batch";

    private final Connection target;
    private final StringBuilder text = new StringBuilder(SAVEPOINT);
    private final List<Entry> entries = new ArrayList<>();

    /// @param rowChange the change that must hit exactly one row; null for statements without a count
    private record Entry(
            int start,
            int end,
            String description,
            @Nullable RowChange rowChange,
            Origin origin) {
        String describe() {
            return rowChange == null ? description : TargetErrors.describe(rowChange);
        }
    }

    SqlBatch(Connection target) {
        this.target = target;
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    /// Adds the statement of a row's change; it must hit exactly one row.
    void add(CharSequence sql, RowChange change, Origin origin) throws SQLException {
        add(sql, "", change, origin);
    }

    /// Adds a statement whose row count means nothing.
    void add(CharSequence sql, String description, Origin origin) throws SQLException {
        add(sql, description, null, origin);
    }

    private void add(CharSequence sql, String description, @Nullable RowChange change, Origin origin)
            throws SQLException {
        int start = text.length();
        text.append(sql);
        entries.add(new Entry(start, text.length(), description, change, origin));
        text.append(";\n");
        if (entries.size() >= MAX_STATEMENTS || text.length() >= MAX_CHARACTERS) {
            flush();
        }
    }

    /// Sends what was added, and checks each answer.
    ///
    /// @throws MigrationException naming the change that the target refused or that hit a wrong number of rows
    void flush() throws SQLException {
        if (entries.isEmpty()) {
            return;
        }
        try (Statement statement = target.createStatement()) {
            statement.setEscapeProcessing(false);
            try {
                statement.execute(text + RELEASE);
            } catch (SQLException refusal) {
                throw culprit(statement, refusal);
            }
            checkCounts(statement);
        }
        clear();
    }

    void clear() {
        entries.clear();
        text.setLength(SAVEPOINT.length());
        if (text.capacity() > 4 * MAX_CHARACTERS) {
            text.trimToSize();
        }
    }

    private void checkCounts(Statement statement) throws SQLException {
        // The first answer is the savepoint's.
        for (Entry entry : entries) {
            statement.getMoreResults();
            long count = statement.getLargeUpdateCount();
            if (entry.rowChange() != null && count != 1) {
                throw TargetErrors.wrongCount(entry.rowChange(), count, entry.origin());
            }
        }
    }

    /// Goes back to the savepoint and repeats the batch one by one, to learn which statement was refused.
    private MigrationException culprit(Statement statement, SQLException refusal) throws SQLException {
        if (target.isClosed() || org.pgmigrator.core.postgres.SqlState.isConnectionLoss(refusal)) {
            return TargetErrors.of("changes", entries.getFirst().origin(), refusal);
        }
        Optional<MigrationException> found = Optional.empty();
        try {
            statement.execute("ROLLBACK TO SAVEPOINT pgmigrator_batch");
            for (Entry entry : entries) {
                try {
                    statement.execute(text.substring(entry.start(), entry.end()));
                    long count = statement.getLargeUpdateCount();
                    if (entry.rowChange() != null && count != 1) {
                        found = Optional.of(TargetErrors.wrongCount(entry.rowChange(), count, entry.origin()));
                        break;
                    }
                } catch (SQLException repeated) {
                    found = Optional.of(TargetErrors.of(entry.describe(), entry.origin(), repeated));
                    break;
                }
            }
        } catch (SQLException lost) {
            refusal.addSuppressed(lost);
        }
        return found.orElseGet(() -> TargetErrors.of(
                "changes from " + entries.getFirst().describe() + " on",
                entries.getFirst().origin(),
                refusal));
    }
}
