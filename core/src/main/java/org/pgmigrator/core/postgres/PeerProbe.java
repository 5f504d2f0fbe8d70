package org.pgmigrator.core.postgres;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.postgresql.util.PSQLException;

/// Asks a server, on a connection of its own and with short limits, what the processes of silent sessions do.
final class PeerProbe {

    /// Where a server's process waits for bytes of its client, or for the client to take some.
    ///
    /// Source: https://www.postgresql.org/docs/current/monitoring-stats.html#WAIT-EVENT-TABLE
    private static final Set<String> WAITS_FOR_CLIENT =
            Set.of("clientread", "clientwrite", "walsendermain", "walsenderwaitforwal", "walsenderwritedata");

    private PeerProbe() {}

    /// What became of it.
    sealed interface Answer permits Unreachable, Restarted, Unknown, Processes {}

    /// No server speaks there.
    record Unreachable(String why) implements Answer {}

    /// A server speaks that is starting or stopping: it has no sessions.
    record Restarted(String why) implements Answer {}

    /// A server speaks, but it does not let us look.
    record Unknown(String why) implements Answer {}

    /// The processes that there are, by their numbers.
    record Processes(Map<Integer, Backend> byPid) implements Answer {
        Processes {
            byPid = Map.copyOf(byPid);
        }
    }

    /// One of the server's processes.
    record Backend(String applicationName, boolean waitsForClient) {}

    /// @param line by which the server is reached
    static Answer ask(Line line, List<Integer> pids, Duration limit) {
        try (Connection connection = connect(line, limit)) {
            return new Processes(pids.isEmpty() ? Map.of() : processes(connection, pids));
        } catch (SQLException refusal) {
            return spoken(refusal);
        }
    }

    private static Answer spoken(SQLException refusal) {
        boolean byServer = refusal instanceof PSQLException words && words.getServerErrorMessage() != null;
        if (byServer) {
            String why = SqlState.serverWords(refusal);
            return SqlState.isConnectionLoss(refusal) ? new Restarted(why) : new Unknown(why);
        }
        // TLS that is refused is an answer; so is a driver's refusal of what the server wants.
        return ConnectFailure.isNetwork(refusal)
                ? new Unreachable(SqlState.serverWords(refusal))
                : new Unknown(SqlState.serverWords(refusal));
    }

    private static Connection connect(Line line, Duration limit) throws SQLException {
        Route route = line.route();
        int seconds = (int) Math.max(1, limit.toSeconds());
        Properties properties = route.driverProperties(
                line.endpoint(), line.address(), Session.named("probe"), SessionProtocol.SIMPLE, "");
        PGProperty.CONNECT_TIMEOUT.set(properties, seconds);
        PGProperty.LOGIN_TIMEOUT.set(properties, seconds);
        PGProperty.SOCKET_TIMEOUT.set(properties, seconds);
        String url = "jdbc:postgresql:" + URLEncoder.encode(route.database(), StandardCharsets.UTF_8);
        Connection connection = new Driver().connect(url, properties);
        if (connection == null) {
            throw new IllegalStateException("the driver does not know its own URL");
        }
        return connection;
    }

    private static Map<Integer, Backend> processes(Connection connection, List<Integer> pids) throws SQLException {
        Map<Integer, Backend> found = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pid, coalesce(application_name, ''),"
                        + " coalesce(wait_event, '') from pg_catalog.pg_stat_activity where pid in ("
                        + pids.stream().map(String::valueOf).collect(Collectors.joining(", ")) + ")")) {
            while (row.next()) {
                boolean waits = WAITS_FOR_CLIENT.contains(row.getString(3).toLowerCase(Locale.ROOT));
                found.put(row.getInt(1), new Backend(row.getString(2), waits));
            }
        }
        return found;
    }
}
