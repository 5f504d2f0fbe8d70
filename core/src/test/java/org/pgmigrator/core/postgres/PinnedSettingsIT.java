package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.server.Servers;

class PinnedSettingsIT {

    /// The opposite of everything that is pinned, set where it wins over postgresql.conf.
    private static final Map<String, String> HOSTILE = Map.ofEntries(
            Map.entry("datestyle", "'German'"),
            Map.entry("intervalstyle", "'sql_standard'"),
            Map.entry("extra_float_digits", "0"),
            Map.entry("bytea_output", "'escape'"),
            Map.entry("xmlbinary", "'hex'"),
            Map.entry("timezone", "'Asia/Tokyo'"),
            Map.entry("lc_monetary", "'C.UTF-8'"),
            Map.entry("array_nulls", "off"),
            Map.entry("default_transaction_read_only", "on"),
            Map.entry("statement_timeout", "'1h'"),
            Map.entry("lock_timeout", "'1h'"),
            Map.entry("idle_in_transaction_session_timeout", "'1h'"),
            Map.entry("idle_session_timeout", "'1h'"),
            Map.entry("search_path", "'public'"),
            Map.entry("default_transaction_isolation", "'serializable'"),
            Map.entry("standard_conforming_strings", "off"),
            Map.entry("quote_all_identifiers", "on"));

    private static final Map<String, String> EXPECTED = Map.ofEntries(
            Map.entry("intervalstyle", "postgres"),
            Map.entry("extra_float_digits", "3"),
            Map.entry("bytea_output", "hex"),
            Map.entry("xmlbinary", "base64"),
            Map.entry("timezone", "UTC"),
            Map.entry("lc_monetary", "C"),
            Map.entry("array_nulls", "on"),
            Map.entry("client_encoding", "UTF8"),
            Map.entry("default_transaction_read_only", "off"),
            Map.entry("statement_timeout", "0"),
            Map.entry("lock_timeout", "0"),
            Map.entry("idle_in_transaction_session_timeout", "0"),
            Map.entry("idle_session_timeout", "0"),
            Map.entry("row_security", "off"),
            Map.entry("default_transaction_isolation", "read committed"),
            Map.entry("standard_conforming_strings", "on"),
            Map.entry("quote_all_identifiers", "off"));

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void settingsAreInForceOnBothKindsOfSessionWhateverTheRoleSays(int major) throws SQLException {
        try (PostgresServer server = Servers.start(ServerSpec.of(major).database("app"))) {
            makeHostile(server, major);
            Database database = Database.parse(Side.SOURCE, new Secret(server.uri("app")), Map.of());
            Session session = Session.named("test")
                    .with("xmloption", "content")
                    .with("plan_cache_mode", "force_custom_plan")
                    .with("pgm.note", "a b\\c'd%e");
            try (Connection connection = database.connect(session)) {
                assertThat(connection.getAutoCommit()).isTrue();
                assertPinned(connection, major);
            }
            try (Connection connection = database.connectReplication(session)) {
                assertPinned(connection, major);
                try (Statement statement = connection.createStatement()) {
                    assertThat(statement.execute("IDENTIFY_SYSTEM")).isTrue();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 18})
    void theSessionsOwnSettingsWinOverPinnedOnesAndTheUsersOptionsLose(int major) throws SQLException {
        try (PostgresServer server = Servers.start(major, "app")) {
            Database database = Database.parse(
                    Side.TARGET,
                    new Secret(server.uri("app") + "?options=-c%20statement_timeout%3D7s%20-c%20work_mem%3D5MB"),
                    Map.of());
            Session session = Session.named("test")
                    .with("TimeZone", "Asia/Tokyo")
                    .with("lock_timeout", "3s")
                    .with("idle_session_timeout", "1h")
                    .with("transaction_timeout", "2h");
            try (Connection connection = database.connect(session)) {
                assertThat(show(connection, "timezone")).isEqualTo("Asia/Tokyo");
                assertThat(show(connection, "lock_timeout")).isEqualTo("3s");
                assertThat(show(connection, "idle_session_timeout")).isEqualTo("1h");
                assertThat(show(connection, "statement_timeout")).isEqualTo("0");
                assertThat(show(connection, "work_mem")).isEqualTo("5MB");
                if (major >= 17) {
                    assertThat(show(connection, "transaction_timeout")).isEqualTo("2h");
                }
            }
        }
    }

    private static void makeHostile(PostgresServer server, int major) throws SQLException {
        Map<String, String> hostile = new LinkedHashMap<>(HOSTILE);
        if (major >= 17) {
            hostile.put("transaction_timeout", "'1h'");
        }
        for (Map.Entry<String, String> setting : hostile.entrySet()) {
            server.execute(
                    "template1",
                    "ALTER ROLE " + server.superuser() + " IN DATABASE app SET " + setting.getKey() + " = "
                            + setting.getValue());
        }
    }

    private static void assertPinned(Connection connection, int major) throws SQLException {
        Map<String, String> actual = new LinkedHashMap<>();
        for (String name : EXPECTED.keySet()) {
            actual.put(name, show(connection, name));
        }
        assertThat(actual).containsExactlyInAnyOrderEntriesOf(EXPECTED);
        assertThat(connection.getCatalog()).isEqualTo("app");
        assertThat(show(connection, "datestyle")).startsWith("ISO");
        assertThat(show(connection, "search_path")).isIn("", "\"\"");
        assertThat(show(connection, "application_name")).isEqualTo("pg-migrator test");
        assertThat(show(connection, "xmloption")).isEqualTo("content");
        assertThat(show(connection, "plan_cache_mode")).isEqualTo("force_custom_plan");
        assertThat(show(connection, "pgm.note")).isEqualTo("a b\\c'd%e");
        if (major >= 17) {
            assertThat(show(connection, "transaction_timeout")).isEqualTo("0");
        }
    }

    private static String show(Connection connection, String name) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SHOW " + name)) {
            result.next();
            return result.getString(1);
        }
    }
}
