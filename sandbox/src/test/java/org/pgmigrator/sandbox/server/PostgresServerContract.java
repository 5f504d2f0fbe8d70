package org.pgmigrator.sandbox.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.replication.LogSequenceNumber;

/// What every kind of server promises.
interface PostgresServerContract {

    static void check(PostgresServer server, int major) throws SQLException {
        isOfTheMajorAskedFor(server, major);
        runsSql(server);
        refusesAWrongPassword(server);
        speaksLogicalReplication(server);
        allowsPreparedTransactions(server);
    }

    private static void isOfTheMajorAskedFor(PostgresServer server, int major) throws SQLException {
        assertThat(server.major()).isEqualTo(major);
        assertThat(server.value("first", "SHOW server_version_num")).startsWith(Integer.toString(major));
        assertThat(server.value("first", "SHOW server_encoding")).isEqualTo("UTF8");
        assertThat(server.value("first", "SELECT current_user || rolsuper FROM pg_roles WHERE rolname = current_user"))
                .isEqualTo("postgrestrue");
    }

    private static void runsSql(PostgresServer server) throws SQLException {
        server.createDatabase("Second \"one\"");
        server.execute("Second \"one\"", "CREATE TABLE t (a int, b text)", "INSERT INTO t VALUES (1, NULL), (2, 'ü')");
        assertThat(server.rows("Second \"one\"", "SELECT * FROM t ORDER BY a")).isEqualTo(List.of("1|", "2|ü"));
        assertThatThrownBy(() -> server.value("first", "SELECT 1 WHERE false")).isInstanceOf(SandboxException.class);
        assertThatThrownBy(() -> server.execute("first", "SELECT * FROM t")).isInstanceOf(SQLException.class);
    }

    private static void refusesAWrongPassword(PostgresServer server) {
        assertThatThrownBy(() -> DriverManager.getConnection(server.jdbcUrl("first"), server.superuser(), "wrong"))
                .isInstanceOf(SQLException.class)
                .extracting(failure -> ((SQLException) failure).getSQLState())
                .isEqualTo("28P01");
    }

    private static void speaksLogicalReplication(PostgresServer server) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", server.superuser());
        properties.setProperty("password", server.password());
        properties.setProperty("replication", "database");
        properties.setProperty("preferQueryMode", "simple");
        properties.setProperty("assumeMinServerVersion", "14");
        try (Connection connection = DriverManager.getConnection(server.jdbcUrl("first"), properties)) {
            LogSequenceNumber consistentPoint = connection
                    .unwrap(PGConnection.class)
                    .getReplicationAPI()
                    .createReplicationSlot()
                    .logical()
                    .withSlotName("contract")
                    .withOutputPlugin("pgoutput")
                    .withTemporaryOption()
                    .make()
                    .getConsistentPoint();
            assertThat(consistentPoint.asLong()).isNotZero();
        }
    }

    private static void allowsPreparedTransactions(PostgresServer server) throws SQLException {
        try (Connection connection = server.connect("first");
                Statement statement = connection.createStatement()) {
            statement.execute("BEGIN; CREATE TABLE prepared (); PREPARE TRANSACTION 'contract'");
            statement.execute("COMMIT PREPARED 'contract'");
            try (ResultSet rows = statement.executeQuery("SELECT count(*) FROM prepared")) {
                assertThat(rows.next()).isTrue();
            }
        }
    }
}
