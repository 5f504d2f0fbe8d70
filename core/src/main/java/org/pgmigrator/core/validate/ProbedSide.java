package org.pgmigrator.core.validate;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SqlState;

/// The session that one side's checks use: read only, each check in a transaction that is rolled back.
final class ProbedSide {

    /// No single question may take longer; on a large catalogue some take seconds.
    private static final String STATEMENT_TIMEOUT = "120s";

    /// A table's size waits for whoever has locked it exclusively: better a finding than to wait behind it.
    private static final String LOCK_TIMEOUT = "5s";

    private ProbedSide() {}

    /// Opens it.
    ///
    /// @throws MigrationException of the side's kinds
    static Connection open(Database database) {
        Connection connection = database.connect(Session.named("check")
                .with("statement_timeout", STATEMENT_TIMEOUT)
                .with("lock_timeout", LOCK_TIMEOUT));
        try {
            connection.setReadOnly(true);
            connection.setAutoCommit(false);
            return connection;
        } catch (SQLException e) {
            closeQuietly(connection, e);
            throw SqlState.toException(database.side(), "The session of the checks could not be set up.", e);
        }
    }

    private static void closeQuietly(Connection connection, SQLException reason) {
        try {
            connection.close();
        } catch (SQLException e) {
            reason.addSuppressed(e);
        }
    }

    /// Ends the check's transaction, whatever state it is in.
    ///
    /// @return false if the session is lost
    static boolean rollback(List<Connection> connections) {
        boolean alive = true;
        for (Connection connection : connections) {
            try {
                connection.rollback();
            } catch (SQLException e) {
                alive = false;
            }
        }
        return alive;
    }
}
