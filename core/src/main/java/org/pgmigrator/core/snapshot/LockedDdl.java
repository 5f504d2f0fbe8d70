package org.pgmigrator.core.snapshot;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.pgmigrator.core.postgres.SqlState;
import org.postgresql.util.PSQLWarning;

/// DDL on a busy source: it waits for its lock only briefly and then steps aside, because everybody who comes after a
/// waiting lock has to wait behind it.
public final class LockedDdl {

    private static final String LOCK_TIMEOUT = "500ms";
    private static final Duration MIN_PAUSE = Duration.ofMillis(200);
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private LockedDdl() {}

    /// How the server says that `IF EXISTS` found nothing: by the function that does, since the words are translated.
    private static final Set<String> NOTHING_THERE =
            Set.of("does_not_exist_skipping", "RangeVarGetRelidExtended", "DropErrorMsgNonExistent");

    /// Runs one statement in autocommit mode; tries again with pauses until `LIMIT`.
    ///
    /// @return false if the statement found nothing to do: a query without a row, or `IF EXISTS` without the object
    /// @throws SQLException 55P03 if the lock could not be had in time, or whatever else the statement met
    public static boolean execute(Connection connection, String sql) throws SQLException, InterruptedException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        try (Statement statement = connection.createStatement()) {
            statement.execute("set lock_timeout = '" + LOCK_TIMEOUT + "'");
            try {
                while (!attempt(statement, sql, deadline)) {
                    Thread.sleep(
                            MIN_PAUSE.plusMillis(ThreadLocalRandom.current().nextLong(300)));
                }
                return didSomething(statement);
            } finally {
                if (!connection.isClosed()) {
                    statement.execute("set lock_timeout = 0");
                }
            }
        }
    }

    private static boolean attempt(Statement statement, String sql, long deadline) throws SQLException {
        try {
            statement.execute(sql);
            return true;
        } catch (SQLException refused) {
            if (!SqlState.LOCK_NOT_AVAILABLE.equals(refused.getSQLState()) || System.nanoTime() > deadline) {
                throw refused;
            }
            return false;
        }
    }

    private static boolean didSomething(Statement statement) throws SQLException {
        try (ResultSet rows = statement.getResultSet()) {
            if (rows != null) {
                return rows.next();
            }
        }
        for (SQLWarning notice = statement.getWarnings(); notice != null; notice = notice.getNextWarning()) {
            if (notice instanceof PSQLWarning fromServer
                    && fromServer.getServerErrorMessage() != null
                    && NOTHING_THERE.contains(
                            String.valueOf(fromServer.getServerErrorMessage().getRoutine()))) {
                return false;
            }
        }
        return true;
    }
}
