package org.pgmigrator.core.postgres;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
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
    sealed interface Answer permits Unreachable, Unknown, Processes {}

    /// No server speaks there.
    record Unreachable(String why) implements Answer {}

    /// A server speaks, but it does not let us look. Also one that is shutting down, which may wait for its sessions.
    record Unknown(String why) implements Answer {}

    /// The processes that there are, by their numbers.
    record Processes(Map<Integer, Backend> byPid) implements Answer {
        Processes {
            byPid = Map.copyOf(byPid);
        }
    }

    /// One of the server's processes.
    ///
    /// @param started when it began, as the server writes it
    record Backend(String applicationName, String started, boolean waitsForClient) {}

    /// @param line by which the server is reached
    ///
    /// @param limit for the first packet to be answered
    /// @param login for all the rest, which a busy server may take its time for
    static Answer ask(Line line, List<Integer> pids, Duration limit, Duration login) {
        try (Connection connection = connect(line, limit, login)) {
            return new Processes(pids.isEmpty() ? Map.of() : processes(connection, pids));
        } catch (SQLException refusal) {
            return spoken(refusal);
        }
    }

    private static Answer spoken(SQLException refusal) {
        boolean byServer = refusal instanceof PSQLException words && words.getServerErrorMessage() != null;
        if (byServer) {
            return new Unknown(SqlState.serverWords(refusal));
        }
        // TLS that is refused is an answer; so is a driver's refusal of what the server wants.
        return ConnectFailure.isNetwork(refusal)
                ? new Unreachable(SqlState.serverWords(refusal))
                : new Unknown(SqlState.serverWords(refusal));
    }

    private static Connection connect(Line line, Duration limit, Duration login) throws SQLException {
        Route route = line.route();
        int seconds = (int) Math.max(1, limit.toSeconds());
        int loginSeconds = (int) Math.max(seconds, login.toSeconds());
        Properties properties = route.driverProperties(
                line.endpoint(), line.address(), Session.named("probe"), SessionProtocol.SIMPLE, "");
        PGProperty.CONNECT_TIMEOUT.set(properties, seconds);
        PGProperty.LOGIN_TIMEOUT.set(properties, loginSeconds);
        PGProperty.SOCKET_TIMEOUT.set(properties, loginSeconds);
        String url = "jdbc:postgresql:" + URLEncoder.encode(route.database(), StandardCharsets.UTF_8);
        Connection connection = new Driver().connect(url, properties);
        if (connection == null) {
            throw new IllegalStateException("the driver does not know its own URL");
        }
        return connection;
    }

    private static Map<Integer, Backend> processes(Connection connection, List<Integer> pids) throws SQLException {
        Map<Integer, Backend> found = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(Backends.select("?"))) {
            for (int pid : pids) {
                statement.setInt(1, pid);
                try (ResultSet row = statement.executeQuery()) {
                    while (row.next()) {
                        boolean waits = WAITS_FOR_CLIENT.contains(
                                row.getString(Backends.WAIT).toLowerCase(Locale.ROOT));
                        found.put(
                                row.getInt(Backends.PID),
                                new Backend(row.getString(Backends.NAME), row.getString(Backends.STARTED), waits));
                    }
                }
            }
        }
        return found;
    }
}
