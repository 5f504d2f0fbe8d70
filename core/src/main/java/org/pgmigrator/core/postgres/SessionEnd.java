package org.pgmigrator.core.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ends sessions that nobody needs any more: one that is gone already is what was wanted. Locks, snapshots and what was
/// not committed go with them.
public final class SessionEnd {

    private static final Logger log = LoggerFactory.getLogger(SessionEnd.class);

    private SessionEnd() {}

    /// In order, which takes a word to the server.
    public static void close(@Nullable Connection connection) {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException alreadyGone) {
            log.debug("closing a session", alreadyGone);
        }
    }

    /// At once, from any thread: whoever waits for the server gets a failure.
    public static void cut(@Nullable Connection connection) {
        try {
            if (connection != null) {
                connection.abort(Runnable::run);
            }
        } catch (SQLException alreadyGone) {
            log.debug("cutting a session off", alreadyGone);
        }
    }
}
