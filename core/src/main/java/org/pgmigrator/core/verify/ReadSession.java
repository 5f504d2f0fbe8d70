package org.pgmigrator.core.verify;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SqlState;

/// One session that reads under a snapshot which another session holds. Each batch is a transaction of its own, so that
/// locks on tables are short, and travels as one message.
///
/// Used by one thread; [#cancel] may be called from any.
final class ReadSession implements AutoCloseable {

    /// What the comparison needs beside the pinned settings: it writes nothing, and the server sees to it. Compiling
    /// thousands of small statements would take longer than running them, and parts are grouped in memory.
    private static final Session SESSION = Session.named("verify")
            .with("default_transaction_read_only", "on")
            .with("jit", "off")
            .with("work_mem", "32MB");

    private final Connection connection;
    private @Nullable Statement running;
    private boolean cancelled;

    private ReadSession(Connection connection) {
        this.connection = connection;
    }

    static ReadSession open(Database database) {
        return new ReadSession(database.connectSimple(SESSION));
    }

    /// For the session that holds a snapshot, and is used for nothing that takes long.
    static Connection openHolder(Database database) {
        return database.connect(SESSION);
    }

    /// What is made of the rows of one statement.
    @FunctionalInterface
    interface Rows {
        void read(int statement, ResultSet rows) throws SQLException;
    }

    /// The deadline is the caller's to watch; the server's limit is for the case that the caller is gone.
    private static final long SERVER_SLACK_MS = 2_000;

    /// Runs the statements in one transaction under the snapshot, and hands over the rows of each.
    void read(String snapshot, Deadline deadline, List<String> statements, Rows rows) throws SQLException {
        String sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '" + snapshot
                + "'; SET LOCAL statement_timeout = "
                + Math.min(Integer.MAX_VALUE, deadline.milliseconds() + SERVER_SLACK_MS) + ";\n"
                + String.join(";\n", statements) + ";\nCOMMIT";
        try (Statement statement = begin()) {
            int number = 0;
            boolean hasRows = statement.execute(sql);
            while (hasRows || statement.getUpdateCount() != -1) {
                if (hasRows) {
                    try (ResultSet result = statement.getResultSet()) {
                        rows.read(number++, result);
                    }
                }
                hasRows = statement.getMoreResults();
            }
        } catch (SQLException refusal) {
            rollback(refusal);
            throw refusal;
        } finally {
            end();
        }
    }

    private synchronized Statement begin() throws SQLException {
        if (cancelled) {
            throw new SQLException("cancelled", SqlState.QUERY_CANCELED);
        }
        Statement statement = connection.createStatement();
        running = statement;
        return statement;
    }

    private synchronized void end() {
        running = null;
    }

    private void rollback(SQLException refusal) {
        try (Statement statement = connection.createStatement()) {
            statement.execute("ROLLBACK");
        } catch (SQLException second) {
            refusal.addSuppressed(second);
        }
    }

    /// Ends what runs, and lets nothing begin any more. Several calls do no harm: one may come between two statements.
    synchronized void cancel() {
        cancelled = true;
        if (running != null) {
            try {
                running.cancel();
            } catch (SQLException unreachable) {
                // Then the session is gone, or the server's own statement_timeout ends what it does.
                return;
            }
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
