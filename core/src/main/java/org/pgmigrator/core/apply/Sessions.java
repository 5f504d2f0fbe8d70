package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The applying sessions on the target: how they are opened and ended.
final class Sessions {

    private static final Logger log = LoggerFactory.getLogger(Sessions.class);

    private Sessions() {}

    static Connection open(Database database) {
        return database.connectSimple(Session.named("apply")
                .endingWithItsClient()
                .with("session_replication_role", "replica")
                .with("standard_conforming_strings", "on")
                .with("check_function_bodies", "off")
                .with("xmloption", "content")
                .with("synchronous_commit", "on")
                // A joined statement finds its rows by the index, one after the other; nothing is worth compiling.
                .with("enable_seqscan", "off")
                .with("enable_hashjoin", "off")
                .with("enable_mergejoin", "off")
                .with("enable_nestloop", "on")
                .with("enable_indexscan", "on")
                .with("enable_tidscan", "on")
                .with("jit", "off"));
    }

    static void close(Connection connection) {
        try {
            connection.close();
        } catch (SQLException alreadyGone) {
            log.debug("closing the applying session", alreadyGone);
        }
    }

    static void abort(Connection connection) {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException alreadyGone) {
            log.debug("aborting the applying session", alreadyGone);
        }
    }
}
