package org.pgmigrator.core.postgres;

import java.net.InetAddress;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGConnection;

/// Opens one session: each host in turn, each address of a host in turn, as libpq does.
///
/// A host that answers and refuses ends the search; one that cannot be reached, or has the wrong role, does not.
final class Connector {

    /// The driver tells java.util.logging, and by that standard error, what its exceptions say again.
    private static final Logger DRIVER_LOGGER = Logger.getLogger("org.postgresql");

    static {
        if (DRIVER_LOGGER.getLevel() == null) {
            DRIVER_LOGGER.setLevel(Level.OFF);
        }
    }

    private final Route route;
    private final Session session;
    private final SessionProtocol protocol;
    private final List<ConnectFailure.Attempt> attempts = new ArrayList<>();

    Connector(Route route, Session session, SessionProtocol protocol) {
        this.route = route;
        this.session = session;
        this.protocol = protocol;
    }

    Connection connect() {
        List<Endpoint> endpoints = new ArrayList<>(route.endpoints());
        if (route.shuffled()) {
            Collections.shuffle(endpoints);
        }
        for (Route.Role role : route.roles()) {
            for (Endpoint endpoint : endpoints) {
                Connection connection = connect(endpoint, role);
                if (connection != null) {
                    return connection;
                }
            }
        }
        throw ConnectFailure.of(route, attempts);
    }

    private @Nullable Connection connect(Endpoint endpoint, Route.Role role) {
        List<InetAddress> addresses;
        try {
            addresses = addresses(endpoint);
        } catch (UnknownHostException unknown) {
            attempts.add(new ConnectFailure.Attempt(endpoint, unknown));
            return null;
        }
        for (InetAddress address : addresses) {
            try {
                Connection connection = open(endpoint, address, role);
                if (connection != null) {
                    return connection;
                }
            } catch (SQLException failed) {
                attempts.add(new ConnectFailure.Attempt(endpoint, failed));
                if (Thread.currentThread().isInterrupted() || ConnectFailure.endsTheSearch(route, failed)) {
                    throw ConnectFailure.of(route, attempts);
                }
            }
        }
        return null;
    }

    private static List<InetAddress> addresses(Endpoint endpoint) throws UnknownHostException {
        String address = endpoint.address();
        if (address != null) {
            return List.of(InetAddress.ofLiteral(address));
        }
        List<InetAddress> found = Arrays.asList(InetAddress.getAllByName(endpoint.host()));
        return found.stream().distinct().toList();
    }

    private @Nullable Connection open(Endpoint endpoint, InetAddress address, Route.Role role) throws SQLException {
        Line line = Line.opening(route, endpoint, address, session.applicationName());
        Connection connection;
        try {
            connection = logIn(endpoint, address, line);
        } finally {
            line.notOpened();
        }
        try {
            complete(connection, line);
            if (!role.isPlayedBy(connection)) {
                attempts.add(new ConnectFailure.Attempt(endpoint, new ConnectFailure.WrongRole(role)));
                connection.close();
                return null;
            }
            return connection;
        } catch (SQLException | RuntimeException failed) {
            try {
                connection.close();
            } catch (SQLException second) {
                failed.addSuppressed(second);
            }
            throw failed;
        }
    }

    private Connection logIn(Endpoint endpoint, InetAddress address, Line line) throws SQLException {
        Properties properties = route.driverProperties(endpoint, address, session, protocol, line.number());
        // The name of the database must be in the URL: a URL without one means the user's name, whatever the property
        // says.
        String url = "jdbc:postgresql:" + URLEncoder.encode(route.database(), StandardCharsets.UTF_8);
        Connection connection = new Driver().connect(url, properties);
        if (connection == null) {
            throw new IllegalStateException("the driver does not know its own URL");
        }
        line.opened(connection.unwrap(PGConnection.class).getBackendPID());
        return connection;
    }

    private void complete(Connection connection, Line line) throws SQLException {
        int major = connection.getMetaData().getDatabaseMajorVersion();
        try (Statement statement = connection.createStatement()) {
            boolean rows = statement.execute(
                    PinnedSettings.afterConnecting(major, session) + "; " + Backends.select("pg_backend_pid()"));
            while (rows || statement.getUpdateCount() != -1) {
                if (rows) {
                    try (ResultSet row = statement.getResultSet()) {
                        row.next();
                        line.began(row.getString(Backends.STARTED));
                    }
                }
                rows = statement.getMoreResults();
            }
        }
    }
}
