package org.pgmigrator.core.postgres;

import java.util.List;
import java.util.Map;

/// How a child process (pg_dump, pg_restore) reaches the same database.
///
/// @param conninfo    the value for `--dbname`: keyword=value pairs without any password, fit for a command line
/// @param environment variables to add to the child's environment; they hold the password, so they are never shown
public record ChildConnection(String conninfo, Map<String, String> environment) {

    /// Variables of libpq that are no connection parameters; the first three would override pinned settings.
    private static final List<String> OTHER_VARIABLES =
            List.of("PGDATESTYLE", "PGTZ", "PGGEQO", "PGREQUIRESSL", "PGSYSCONFDIR");

    public ChildConnection {
        environment = Map.copyOf(environment);
    }

    /// Makes `processEnvironment` the child's: every connection variable of libpq (`PGHOST`, `PGSERVICE`, ...) that
    /// this
    /// process was started with has been read already and must not be read a second time.
    public void applyTo(Map<String, String> processEnvironment) {
        for (LibpqParameter parameter : LibpqParameter.values()) {
            if (parameter.variable() != null) {
                processEnvironment.remove(parameter.variable());
            }
        }
        OTHER_VARIABLES.forEach(processEnvironment::remove);
        processEnvironment.putAll(environment);
    }

    /// Without the environment, which holds the password.
    @Override
    public String toString() {
        return conninfo;
    }
}
