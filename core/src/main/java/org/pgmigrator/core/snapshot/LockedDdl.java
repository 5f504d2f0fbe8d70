package org.pgmigrator.core.snapshot;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.pgmigrator.core.postgres.SqlState;

/// DDL on a busy source: it waits for its lock only briefly and then steps aside, because everybody who comes after a
/// waiting lock has to wait behind it.
public final class LockedDdl {

    private static final String LOCK_TIMEOUT = "500ms";
    private static final Duration MIN_PAUSE = Duration.ofMillis(200);
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private LockedDdl() {}

    /// Runs one statement in autocommit mode; tries again with pauses until `LIMIT`.
    ///
    /// @throws SQLException 55P03 if the lock could not be had in time, or whatever else the statement met
    public static void execute(Connection connection, String sql) throws SQLException, InterruptedException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        try (Statement statement = connection.createStatement()) {
            statement.execute("set lock_timeout = '" + LOCK_TIMEOUT + "'");
            try {
                while (!attempt(statement, sql, deadline)) {
                    Thread.sleep(
                            MIN_PAUSE.plusMillis(ThreadLocalRandom.current().nextLong(300)));
                }
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
}
