package org.pgmigrator.core.copy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.ChildConnection;

/// Runs pg_dump or pg_restore: in English, without colours, without any libpq variable that was not meant for this
/// side.
final class ClientRun {

    /// Variables of libpq and of PostgreSQL's tools; they were read, where they count, when the connection was.
    private static final Pattern LIBPQ_VARIABLE = Pattern.compile("PG[A-Z].*|PG_COLORS?");

    private ClientRun() {}

    /// @param command       the tool and its options; the connection is added
    /// @param connection    the database to connect to; empty if the tool reads a file only
    /// @param standardError receives each line
    /// @return the exit code
    /// @throws InterruptedException after the tool and its workers are gone
    /// @throws MigrationException if the tool cannot be started, of kind `failed`
    static int run(
            List<String> command,
            Optional<ChildConnection> connection,
            FailureKind failed,
            Consumer<String> standardOutput,
            Consumer<String> standardError)
            throws InterruptedException {
        List<String> whole = new ArrayList<>(command);
        Map<String, String> environment = environment(System.getenv());
        connection.ifPresent(database -> {
            whole.add("--no-password");
            whole.add("--dbname=" + database.conninfo());
            database.applyTo(environment);
        });
        try {
            return new ChildProcess(whole, environment, standardOutput, standardError).run();
        } catch (IOException failure) {
            throw new MigrationException(
                    Failure.of(failed, command.getFirst() + " cannot be run.", String.valueOf(failure.getMessage())),
                    failure);
        }
    }

    static Map<String, String> environment(Map<String, String> ours) {
        Map<String, String> environment = new HashMap<>(ours);
        environment.keySet().removeIf(name -> LIBPQ_VARIABLE.matcher(name).matches());
        environment.remove("LANGUAGE");
        environment.put("LC_ALL", "C");
        environment.put("PG_COLOR", "never");
        return environment;
    }
}
