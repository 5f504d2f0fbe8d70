package org.pgmigrator.core.apply.differential;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.List;

/// One of the application's sessions on the source, with the statements that it is still to run.
final class WritingSession {

    private final Connection connection;
    private final int number;
    private final SqlTrace trace;
    private final ArrayDeque<String> statements = new ArrayDeque<>();
    private boolean open;
    private boolean savepoint;

    WritingSession(Connection connection, int number, SqlTrace trace) {
        this.connection = connection;
        this.number = number;
        this.trace = trace;
    }

    boolean isOpen() {
        return open;
    }

    boolean hasStatements() {
        return !statements.isEmpty();
    }

    void tell(List<String> story) {
        statements.addAll(story);
    }

    /// Drops what it was still to run: its rows now belong to another session.
    void forget() {
        statements.clear();
    }

    void begin() throws SQLException {
        execute("begin");
        open = true;
    }

    void savepoint() throws SQLException {
        execute("savepoint a");
        savepoint = true;
    }

    void rollbackToSavepoint() throws SQLException {
        if (savepoint) {
            execute("rollback to a");
        }
    }

    void commit() throws SQLException {
        open = false;
        savepoint = false;
        // A deferred constraint may refuse it: then it was a rollback.
        attempt("commit");
    }

    void rollback() throws SQLException {
        open = false;
        savepoint = false;
        execute("rollback");
    }

    /// Runs the next statement, if there is one.
    ///
    /// @param guarded whether a refusal costs only this statement, and not its transaction
    void next(boolean guarded) throws SQLException {
        if (statements.isEmpty()) {
            return;
        }
        String sql = statements.remove();
        if (!open) {
            attempt(sql);
        } else if (guarded) {
            execute("savepoint s");
            execute(attempt(sql) ? "release s" : "rollback to s");
        } else if (!attempt(sql)) {
            rollback();
        }
    }

    private void execute(String sql) throws SQLException {
        if (!attempt(sql)) {
            throw new SQLException("refused: " + sql);
        }
    }

    /// @return whether the source took it
    /// @throws SQLException if it was refused for another reason than a constraint: a mistake of the generator
    private boolean attempt(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
            trace.add(number, sql, "");
            return true;
        } catch (SQLException refusal) {
            String state = String.valueOf(refusal.getSQLState());
            // 21000: an upsert meets its own row; 55006: a deferred check is pending in the table to be truncated.
            // Anything
            // else would be a statement that never does anything.
            if (!state.startsWith("23") && !state.equals("21000") && !state.equals("55006")) {
                throw new SQLException("session " + number + ": " + sql, refusal);
            }
            trace.add(number, sql, state);
            return false;
        }
    }
}
