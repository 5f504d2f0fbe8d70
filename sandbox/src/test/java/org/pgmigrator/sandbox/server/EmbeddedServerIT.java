package org.pgmigrator.sandbox.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class EmbeddedServerIT {

    @Test
    void committedRowsSurviveEveryKindOfStop() throws SQLException {
        try (EmbeddedServer server = EmbeddedServer.start(17, "shop")) {
            int port = server.port();
            server.execute("shop", "CREATE TABLE t (step text)", "INSERT INTO t VALUES ('start')");

            server.restart(StopMode.FAST);
            server.execute("shop", "INSERT INTO t VALUES ('fast')");
            server.restart(StopMode.IMMEDIATE);
            server.execute("shop", "INSERT INTO t VALUES ('immediate')");
            server.kill();
            assertThat(server.isRunning()).isFalse();
            assertThatThrownBy(() -> server.connect("shop")).isInstanceOf(SQLException.class);
            server.start();

            assertThat(server.rows("shop", "SELECT step FROM t")).containsExactly("start", "fast", "immediate");
            assertThat(server.port()).isEqualTo(port);
        }
    }

    @Test
    void killEndsBackendsInTheMiddleOfAStatement() throws SQLException {
        try (EmbeddedServer server = EmbeddedServer.start(14);
                Connection connection = server.connect("postgres")) {
            long backend = Long.parseLong(server.value(
                    "postgres",
                    "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                            + " AND backend_type = 'client backend'"));
            server.kill();
            assertThat(ProcessHandle.of(backend).filter(ProcessHandle::isAlive)).isEmpty();
            assertThat(connection.isValid(1)).isFalse();
        }
    }

    @Test
    void closeLeavesNoProcessAndNoFile() throws SQLException {
        EmbeddedServer server = EmbeddedServer.start(18);
        Path data = server.dataDirectory();
        long postmaster = PostmasterPid.read(data).orElseThrow().pid();
        server.close();
        server.close();

        assertThat(data.getParent()).doesNotExist();
        assertThat(ProcessHandle.of(postmaster)).isEmpty();
        assertThatThrownBy(server::start).isInstanceOf(SandboxException.class).hasMessageContaining("closed");
    }

    @Test
    void closeAfterKillLeavesNoSharedMemory() throws IOException {
        EmbeddedServer server = EmbeddedServer.start(16);
        String sharedMemory =
                PostmasterPid.read(server.dataDirectory()).orElseThrow().sharedMemory();
        String id = sharedMemory.replaceAll("^\\S+\\s+", "");
        server.kill();
        assertThat(sharedMemoryIds()).contains(id);
        server.close();
        assertThat(sharedMemoryIds()).doesNotContain(id);
    }

    private static java.util.List<String> sharedMemoryIds() throws IOException {
        return Files.readAllLines(Path.of("/proc/sysvipc/shm")).stream()
                .map(line -> line.strip().split("\\s+", -1)[1])
                .toList();
    }

    @Test
    void serverOutlivesTheThreadThatStartedIt() throws Exception {
        EmbeddedServer[] started = new EmbeddedServer[1];
        Thread starter = Thread.ofPlatform().start(() -> started[0] = EmbeddedServer.start(15));
        starter.join();
        try (EmbeddedServer server = started[0]) {
            assertThat(server.value("postgres", "SELECT 1")).isEqualTo("1");
        }
    }

    @Test
    void settingsAndAuthenticationAreTheOnesAskedFor() throws SQLException {
        ServerSpec spec = ServerSpec.of(17)
                .setting("wal_level", "replica")
                .setting("application_name", "it's")
                .password("p@ss/w?rd 1")
                .database("quoted \"name\"")
                .hostBasedAuthentication("host \"quoted \"\"name\"\"\" all 127.0.0.1/32 scram-sha-256");
        assertThat(spec.toString()).doesNotContain("p@ss");
        try (EmbeddedServer server = EmbeddedServer.start(spec.hostBasedAuthentication(
                "host postgres all 127.0.0.1/32 scram-sha-256", "host all all 127.0.0.1/32 scram-sha-256"))) {
            assertThat(server.value("quoted \"name\"", "SHOW wal_level")).isEqualTo("replica");
            assertThat(server.uri("quoted \"name\""))
                    .isEqualTo("postgresql://postgres:p%40ss%2Fw%3Frd%201@127.0.0.1:" + server.port()
                            + "/quoted%20%22name%22");
            assertThat(server.uriWithoutPassword("a")).doesNotContain("p%40ss");
        }
    }

    @Test
    void wrongPasswordIsRefusedAlsoForReplication() throws SQLException {
        try (EmbeddedServer server = EmbeddedServer.start(17)) {
            for (String replication : new String[] {"false", "database", "true"}) {
                Properties properties = new Properties();
                properties.setProperty("user", server.superuser());
                properties.setProperty("password", "wrong");
                properties.setProperty("replication", replication);
                properties.setProperty("preferQueryMode", replication.equals("false") ? "extended" : "simple");
                properties.setProperty("assumeMinServerVersion", "14");
                assertThatThrownBy(() -> DriverManager.getConnection(server.jdbcUrl("postgres"), properties))
                        .isInstanceOf(SQLException.class)
                        .extracting(failure -> ((SQLException) failure).getSQLState())
                        .isEqualTo("28P01");
            }
        }
    }

    @Test
    void unknownSettingFailsWithTheServersOwnWords() {
        assertThatThrownBy(() -> EmbeddedServer.start(ServerSpec.of(17).setting("no_such_setting", "1")))
                .isInstanceOf(SandboxException.class)
                .hasMessageContaining("unrecognized configuration parameter \"no_such_setting\"");
    }

    @Test
    void twoServersOfOneMajorHaveDifferentSystemIdentifiers() throws SQLException {
        String query = "SELECT system_identifier FROM pg_control_system()";
        try (EmbeddedServer one = EmbeddedServer.start(15);
                EmbeddedServer two = EmbeddedServer.start(15)) {
            assertThat(one.value("postgres", query)).isNotEqualTo(two.value("postgres", query));
        }
    }
}
