package org.pgmigrator.core.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Server processes that still serve a connection which this process has lost or given up, and hold what it held.
public final class Ghosts {

    private static final Logger log = LoggerFactory.getLogger(Ghosts.class);

    /// Between the server's account of a session's age and ours: the log-in, and both roundings.
    private static final Duration SLACK = Duration.ofSeconds(5);

    private Ghosts() {}

    /// Ends a ghost of ours; nothing else is touched. What it held is free a moment later.
    ///
    /// It is known by its number, its name and its age: numbers are given out again, and another process may have
    /// sessions of the same name.
    ///
    /// @param session an ordinary session on that server, of the same role
    /// @param pid     the server's process
    /// @return whether it is one of ours
    public static boolean end(Connection session, Side side, int pid) throws SQLException {
        Optional<Line> past = Line.past(side, pid);
        if (past.isEmpty()) {
            return false;
        }
        Line line = past.get();
        try (PreparedStatement statement = session.prepareStatement("""
                select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
                where pid = ? and application_name = ?
                  and abs(extract(epoch from clock_timestamp() - backend_start) - ?) < ?""")) {
            statement.setInt(1, pid);
            statement.setString(2, line.applicationName());
            statement.setDouble(3, line.age().toMillis() / 1e3);
            statement.setDouble(4, (double) SLACK.toSeconds());
            try (ResultSet row = statement.executeQuery()) {
                boolean ours = row.next();
                if (ours) {
                    log.warn("ended what the server still kept of the {} pid={}", line.describe(), pid);
                }
                return ours;
            }
        }
    }
}
