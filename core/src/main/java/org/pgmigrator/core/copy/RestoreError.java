package org.pgmigrator.core.copy;

import java.util.Optional;
import java.util.regex.Pattern;
import org.pgmigrator.core.postgres.SqlState;

/// One complaint of pg_restore.
///
/// @param object  what was being restored (`TABLE public orders`); empty before the first entry
/// @param message the server's or the tool's own words, never with the values of a row
/// @param command the first line of the statement that failed; never shown, since it may define a user mapping
record RestoreError(String object, String message, String command) {

    private static final Pattern CONNECTION_LOST = Pattern.compile("server closed the connection unexpectedly"
            + "|terminating connection|no connection to the server|connection to server .* failed"
            + "|could not (receive data from|send data to) (the )?server|SSL connection has been closed unexpectedly"
            + "|connection not open|the connection has been lost");

    /// Of a server that speaks English; another one's words count as an error like others.
    private static final Pattern DISK_FULL =
            Pattern.compile("No space left on device|wrote only \\d+ of \\d+ bytes|Check free disk space");

    private static final Pattern ROLE_MISSING =
            Pattern.compile("role \".*\" does not exist|must be (able to SET ROLE|member of role)");

    /// Why this error takes nothing away from the target, if it is one of the few that don't. The rules rest on the
    /// statement where they can, because the server speaks the language of its `lc_messages`.
    Optional<String> harmless() {
        if (command.startsWith("SET transaction_timeout ")) {
            return Optional.of("the target is older than this setting, which only matters to the restore itself");
        }
        if (command.startsWith("SET default_tablespace ")) {
            return Optional.of("the target has no such tablespace; what follows is in the database's default one");
        }
        if (command.startsWith("COMMENT ON EXTENSION ")) {
            return Optional.of("the extension belongs to another role on the target; its comment is the target's own");
        }
        if (command.startsWith("CREATE SCHEMA public;") && message.contains("\"public\" already exists")) {
            return Optional.of("every new database has this schema");
        }
        return Optional.empty();
    }

    boolean isConnectionLoss() {
        return CONNECTION_LOST.matcher(message).find();
    }

    boolean isDiskFull() {
        return DISK_FULL.matcher(message).find() && !message.contains(SqlState.SHARED_MEMORY);
    }

    /// The roles of the source are not there, or this user may not give objects to them.
    boolean isAboutRoles() {
        return ROLE_MISSING.matcher(message).find();
    }

    @Override
    public String toString() {
        return object.isEmpty() ? message : object + ": " + message;
    }
}
