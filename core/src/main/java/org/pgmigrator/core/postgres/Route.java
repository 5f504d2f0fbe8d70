package org.pgmigrator.core.postgres;

import java.net.InetAddress;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.Secret;
import org.postgresql.PGProperty;

/// The way to one database, with every parameter checked: hosts, user, TLS, time limits.
///
/// @param roles    the roles of a server that will do, in the order of preference
/// @param shuffled the hosts are tried in random order (`load_balance_hosts=random`)
/// @param usersOptions the user's own `options`, or null
/// @param tuning   what the JDBC driver is told beside all that
record Route(
        Side side,
        List<Endpoint> endpoints,
        String database,
        String user,
        TlsSettings tls,
        List<Role> roles,
        boolean shuffled,
        int connectTimeoutSeconds,
        @Nullable String usersOptions,
        Keepalive keepalive,
        Properties tuning) {

    /// libpq waits for ever; here every wait has an end.
    static final int DEFAULT_CONNECT_TIMEOUT_SECONDS = 30;

    private static final int DAY_SECONDS = 86_400;
    private static final Set<String> AUTHENTICATION_METHODS =
            Set.of("password", "md5", "gss", "sspi", "scram-sha-256", "none");

    /// Which of a cluster's servers is wanted. Since every session of ours switches default_transaction_read_only off,
    /// a
    /// server is read-write unless it is in recovery.
    enum Role {
        ANY,
        PRIMARY,
        STANDBY;

        boolean isPlayedBy(Connection connection) throws SQLException {
            if (this == ANY) {
                return true;
            }
            try (Statement statement = connection.createStatement();
                    ResultSet result = statement.executeQuery("SELECT pg_catalog.pg_is_in_recovery()")) {
                return result.next() && result.getBoolean(1) == (this == STANDBY);
            }
        }
    }

    /// How a dead peer is noticed; 0 leaves the system's own.
    record Keepalive(boolean enabled, int idleSeconds, int intervalSeconds, int count) {}

    static Route of(Parameters parameters, ConnectionDefaults defaults, List<String> warnings) {
        return new Route(
                parameters.side(),
                defaults.endpoints(warnings),
                parameters.getOrDefault(LibpqParameter.DBNAME, ""),
                parameters.getOrDefault(LibpqParameter.USER, ""),
                TlsSettings.of(parameters, defaults, warnings),
                roles(parameters),
                parameters
                        .choice(LibpqParameter.LOAD_BALANCE_HOSTS, "disable", "random")
                        .equals("random"),
                parameters.number(LibpqParameter.CONNECT_TIMEOUT, DEFAULT_CONNECT_TIMEOUT_SECONDS),
                parameters.get(LibpqParameter.OPTIONS),
                new Keepalive(
                        parameters.number(LibpqParameter.KEEPALIVES, 1) != 0,
                        parameters.number(LibpqParameter.KEEPALIVES_IDLE, 0),
                        parameters.number(LibpqParameter.KEEPALIVES_INTERVAL, 0),
                        parameters.number(LibpqParameter.KEEPALIVES_COUNT, 0)),
                tuning(parameters));
    }

    private static List<Role> roles(Parameters parameters) {
        return switch (parameters.choice(
                LibpqParameter.TARGET_SESSION_ATTRS,
                "any",
                "read-write",
                "read-only",
                "primary",
                "standby",
                "prefer-standby")) {
            case "read-write", "primary" -> List.of(Role.PRIMARY);
            case "read-only", "standby" -> List.of(Role.STANDBY);
            case "prefer-standby" -> List.of(Role.STANDBY, Role.ANY);
            default -> List.of(Role.ANY);
        };
    }

    private static Properties tuning(Parameters parameters) {
        Properties properties = new Properties();
        PGProperty.CHANNEL_BINDING.set(
                properties, parameters.choice(LibpqParameter.CHANNEL_BINDING, "prefer", "disable", "require"));
        String encryption = parameters.choice(LibpqParameter.GSSENCMODE, "prefer", "disable", "require");
        // "prefer" means "if there is a Kerberos ticket", which the driver does not look for first.
        PGProperty.GSS_ENC_MODE.set(properties, encryption.equals("require") ? "require" : "disable");
        PGProperty.GSS_LIB.set(properties, parameters.choice(LibpqParameter.GSSLIB, "auto", "gssapi", "sspi"));
        String serviceName = parameters.get(LibpqParameter.KRBSRVNAME);
        if (serviceName != null) {
            PGProperty.KERBEROS_SERVER_NAME.set(properties, serviceName);
        }
        String methods = parameters.get(LibpqParameter.REQUIRE_AUTH);
        if (methods != null) {
            checkMethods(parameters, methods);
            PGProperty.REQUIRE_AUTH.set(properties, methods);
        }
        return properties;
    }

    private static void checkMethods(Parameters parameters, String methods) {
        Set<Boolean> negated = new HashSet<>();
        boolean known = Arrays.stream(methods.split(",", -1)).map(String::strip).allMatch(method -> {
            negated.add(method.startsWith("!"));
            return AUTHENTICATION_METHODS.contains(method.startsWith("!") ? method.substring(1) : method);
        });
        if (!known || negated.size() > 1) {
            throw Refusal.of(
                    parameters.side(),
                    parameters.describe(LibpqParameter.REQUIRE_AUTH) + " must be a list of "
                            + AUTHENTICATION_METHODS.stream().sorted().collect(Collectors.joining(", "))
                            + ", all of them or none with an exclamation mark before it.");
        }
    }

    /// `db1:5432,db2:5432/orders as app`.
    String describe() {
        return endpoints.stream().map(Endpoint::describe).collect(Collectors.joining(",")) + "/" + database + " as "
                + user;
    }

    /// @param line its number, or empty if its sockets are not watched
    Properties driverProperties(
            Endpoint endpoint, InetAddress address, Session session, SessionProtocol protocol, String line) {
        Properties properties = new Properties();
        properties.putAll(tuning);
        PGProperty.PG_HOST.set(properties, endpoint.host());
        PGProperty.PG_PORT.set(properties, endpoint.port());
        PGProperty.USER.set(properties, user);
        Secret password = endpoint.password();
        if (password != null) {
            PGProperty.PASSWORD.set(properties, password.reveal());
        }
        tls.applyTo(properties);
        PGProperty.APPLICATION_NAME.set(properties, session.applicationName());
        PGProperty.OPTIONS.set(properties, PinnedSettings.startupOptions(usersOptions, session));
        // With a version to rely on, the driver puts the application name into the startup packet.
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "10");
        // The detail of an error can hold a row; whoever wants it asks the exception for it.
        PGProperty.LOG_SERVER_ERROR_DETAIL.set(properties, false);
        boolean bounded = connectTimeoutSeconds > 0;
        PGProperty.CONNECT_TIMEOUT.set(properties, bounded ? connectTimeoutSeconds : 0);
        // Covers the log-in as well, and lets an interrupt end the wait.
        PGProperty.LOGIN_TIMEOUT.set(properties, bounded ? connectTimeoutSeconds : DAY_SECONDS);
        PGProperty.TCP_KEEP_ALIVE.set(properties, keepalive.enabled());
        PGProperty.SOCKET_FACTORY.set(properties, PeerSocketFactory.class.getName());
        PGProperty.SOCKET_FACTORY_ARG.set(
                properties,
                PeerSocketFactory.argument(
                        address,
                        keepalive.idleSeconds(),
                        keepalive.intervalSeconds(),
                        keepalive.count(),
                        protocol == SessionProtocol.WALSENDER,
                        line));
        protocol.applyTo(properties);
        return properties;
    }
}
