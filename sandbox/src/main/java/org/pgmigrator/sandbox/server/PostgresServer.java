package org.pgmigrator.sandbox.server;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.StringJoiner;

/// A running throw-away server. `close()` stops it and removes everything that it left on this machine.
///
/// Thread-safe: the connection data never change, also over a restart.
public interface PostgresServer extends AutoCloseable {

    /// PostgreSQL's major version, such as 17.
    int major();

    String host();

    int port();

    /// The name of the superuser that the server was made with.
    String superuser();

    String password();

    @Override
    void close();

    /// The libpq URI of a database, password included.
    /// See https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
    default String uri(String database) {
        return "postgresql://" + encoded(superuser()) + ":" + encoded(password()) + "@" + host() + ":" + port() + "/"
                + encoded(database);
    }

    /// As `uri(database)`, without the password: for the places where others can read it.
    default String uriWithoutPassword(String database) {
        return "postgresql://" + encoded(superuser()) + "@" + host() + ":" + port() + "/" + encoded(database);
    }

    /// The JDBC URL of a database, without user and password.
    default String jdbcUrl(String database) {
        return "jdbc:postgresql://" + host() + ":" + port() + "/" + encoded(database);
    }

    /// A new session of the superuser, which the caller closes.
    default Connection connect(String database) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", superuser());
        properties.setProperty("password", password());
        properties.setProperty("connectTimeout", "10");
        properties.setProperty("ApplicationName", "sandbox");
        return DriverManager.getConnection(jdbcUrl(database), properties);
    }

    default void createDatabase(String name) throws SQLException {
        execute("postgres", "CREATE DATABASE \"" + name.replace("\"", "\"\"") + "\"");
    }

    /// Runs statements in one session, each in its own transaction.
    default void execute(String database, String... statements) throws SQLException {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /// The rows of a query as text: columns separated by `|`, NULL as nothing.
    default List<String> rows(String database, String query) throws SQLException {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(query)) {
            List<String> rows = new ArrayList<>();
            int columns = result.getMetaData().getColumnCount();
            while (result.next()) {
                StringJoiner row = new StringJoiner("|");
                for (int column = 1; column <= columns; column++) {
                    String value = result.getString(column);
                    row.add(value == null ? "" : value);
                }
                rows.add(row.toString());
            }
            return rows;
        }
    }

    /// The only row of a query, as in `rows`.
    ///
    /// @throws SandboxException if there is no row, or more than one
    default String value(String database, String query) throws SQLException {
        List<String> rows = rows(database, query);
        if (rows.size() != 1) {
            throw new SandboxException("expected one row, found " + rows.size() + ": " + query);
        }
        return rows.getFirst();
    }

    private static String encoded(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
