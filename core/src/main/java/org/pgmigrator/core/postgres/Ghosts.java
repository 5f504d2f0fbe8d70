package org.pgmigrator.core.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Server processes that still serve a connection which this process has lost or given up, and hold what it held.
public final class Ghosts {

    private static final Logger log = LoggerFactory.getLogger(Ghosts.class);

    private Ghosts() {}

    /// Ends a ghost of ours; nothing else is touched. What it held is free a moment later.
    ///
    /// It is known by its number, its name and when it began, as the server has told then and tells now: numbers are
    /// given out again, another process may have sessions of the same name, and clocks jump.
    ///
    /// @param session an ordinary session on that server, logged in as the same role
    /// @param pid     the server's process
    /// @return whether it is one of ours
    public static boolean end(Connection session, Side side, int pid) throws SQLException {
        Optional<Line> past = Line.past(side, pid);
        if (past.isEmpty()) {
            return false;
        }
        Line line = past.get();
        String role = session.getAutoCommit() ? "" : Catalog.value(session, "select current_setting('role')");
        boolean ours = false;
        try (PreparedStatement statement = session.prepareStatement(Backends.terminate())) {
            statement.setInt(1, pid);
            statement.setString(2, line.applicationName());
            statement.setString(3, line.started());
            try (ResultSet row = statement.executeQuery()) {
                ours = row.next();
            }
        }
        if (!session.getAutoCommit()) {
            Catalog.value(session, "select set_config('role', ?, true)", String.valueOf(role));
        }
        if (ours) {
            log.warn("ended what the server still kept of the {} pid={}", line.describe(), pid);
        }
        return ours;
    }
}
