package org.pgmigrator.core.validate;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SqlState;

/// Whether a walsender session can be had, tried by opening one and asking it who it is.
sealed interface WalsenderProbe {

    /// Not tried, because nothing will be streamed.
    record NotTried() implements WalsenderProbe {}

    /// It answered `IDENTIFY_SYSTEM`.
    record Works(String systemIdentifier, long timeline) implements WalsenderProbe {}

    /// It was refused.
    ///
    /// @param sqlState empty if the server gave none
    record Refused(Failure failure, String sqlState) implements WalsenderProbe {}

    static WalsenderProbe of(Database source) {
        try (Connection connection = source.connectReplication(Session.named("check"));
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("IDENTIFY_SYSTEM")) {
            row.next();
            return new Works(row.getString("systemid"), row.getLong("timeline"));
        } catch (MigrationException e) {
            return new Refused(e.failure(), sqlState(e));
        } catch (SQLException e) {
            return new Refused(
                    SqlState.toException(source.side(), "The walsender did not answer IDENTIFY_SYSTEM.", e)
                            .failure(),
                    sqlState(e));
        }
    }

    private static String sqlState(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException fromServer && fromServer.getSQLState() != null) {
                return fromServer.getSQLState();
            }
        }
        return "";
    }
}
