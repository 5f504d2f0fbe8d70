package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.ServerSpec;

class ConnectIT {

    private static final String PASSWORD = "s3:cr@t /'\\ %41";
    private static final String NAME = "o'd d\"b\\=x";

    @TempDir
    private Path home;

    private static PostgresServer server;

    @BeforeAll
    static void startServer() throws SQLException {
        server = EmbeddedServer.start(ServerSpec.of(15)
                .database("app", NAME)
                .setting("max_connections", "8")
                .setting("superuser_reserved_connections", "1")
                .setting("max_wal_senders", "2"));
        server.execute(
                "postgres",
                "CREATE ROLE \"us er\" LOGIN PASSWORD '" + PASSWORD.replace("'", "''") + "'",
                "CREATE ROLE limited LOGIN PASSWORD 'limited' CONNECTION LIMIT 0");
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Test
    void awkwardNamesAndPasswordsReachTheServerOnBothWays() throws SQLException {
        Database database = parse(keywords("us er", PASSWORD, NAME), Map.of());
        try (Connection connection = database.connect(Session.named("test"))) {
            assertThat(value(connection, "SELECT current_user || '|' || current_database()"))
                    .isEqualTo("us er|" + NAME);
        }
        assertThat(ChildRun.of(database, "psql", "-tAc", "SELECT current_user || '|' || current_database()"))
                .isEqualTo(new ChildRun(0, "us er|" + NAME));
        assertThat(ChildRun.of(database, "pg_dump", "--schema-only").exitCode()).isZero();
    }

    @Test
    void aChildHasThePinnedSettings() throws SQLException {
        server.execute(
                "postgres",
                "ALTER DATABASE app SET default_transaction_read_only = on",
                "ALTER DATABASE app SET statement_timeout = 1");
        try {
            ChildRun run = ChildRun.of(
                    superuser("app"),
                    "psql",
                    "-tAc",
                    "SELECT current_setting('default_transaction_read_only'), current_setting('statement_timeout'),"
                            + " current_setting('intervalstyle'), current_setting('timezone')");
            assertThat(run.output()).isEqualTo("off|0|postgres|UTC");
        } finally {
            server.execute("postgres", "ALTER DATABASE app RESET ALL");
        }
    }

    @Test
    void noPasswordIsOnTheCommandLineOfAChild() throws IOException, InterruptedException {
        Database database = parse(keywords("us er", PASSWORD, "app"), Map.of());
        Process process = ChildRun.start(database, "psql", "-c", "SELECT pg_catalog.pg_sleep(60)");
        try {
            String commandLine = "";
            long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
            while (!commandLine.contains("psql") && System.nanoTime() < deadline) {
                commandLine = Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"), StandardCharsets.UTF_8);
            }
            assertThat(commandLine)
                    .contains("psql", "us er")
                    .doesNotContain("cr@t")
                    .doesNotContain("s3:");
            assertThat(process.isAlive()).isTrue();
        } finally {
            process.destroy();
            process.waitFor();
        }
    }

    @Test
    void passwordsComeFromThePasswordFileAndHostsFromTheServiceFile() throws IOException, SQLException {
        Path passwords = home.resolve(".pgpass");
        Files.writeString(
                passwords,
                "127.0.0.1:" + server.port() + ":app:us er:"
                        + PASSWORD.replace("\\", "\\\\").replace(":", "\\:") + "\n");
        Files.setPosixFilePermissions(passwords, PosixFilePermissions.fromString("rw-------"));
        Files.writeString(
                home.resolve(".pg_service.conf"),
                "[mine]\nhost=127.0.0.1\nport=" + server.port() + "\nuser=us er\ndbname=app\n");
        Database database = parse("service=mine", Map.of("HOME", home.toString()));
        try (Connection connection = database.connect(Session.named("test"))) {
            assertThat(value(connection, "SELECT current_user")).isEqualTo("us er");
        }
        assertThat(ChildRun.of(database, "psql", "-tAc", "SELECT current_user").output())
                .isEqualTo("us er");
    }

    @Test
    void aUriWithoutUserTakesTheEnvironments() throws SQLException {
        Database database = parse(
                "postgresql://127.0.0.1:" + server.port(),
                Map.of("PGUSER", "us er", "PGPASSWORD", PASSWORD, "PGDATABASE", "app"));
        try (Connection connection = database.connect(Session.named("test"))) {
            assertThat(value(connection, "SELECT current_user || current_database()"))
                    .isEqualTo("us erapp");
        }
    }

    @Test
    void theNextHostIsTriedWhenOneDoesNotAnswer() throws SQLException, IOException {
        int unused;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            unused = socket.getLocalPort();
        }
        Database database = parse(
                keywords(server.superuser(), server.password(), "app")
                        + " host=127.0.0.1,no-such-host.invalid,localhost port=" + unused + ",5," + server.port(),
                Map.of());
        try (Connection connection = database.connect(Session.named("test"))) {
            assertThat(value(connection, "SELECT inet_server_port()")).isEqualTo(String.valueOf(server.port()));
        }
        assertThat(ChildRun.of(database, "psql", "-tAc", "SELECT 1").output()).isEqualTo("1");
    }

    @Test
    void aHostThatRefusesIsTheLastWord() {
        Failure failure = failure(parse(
                keywords(server.superuser(), server.password(), "gone") + " host=127.0.0.1,no-such-host.invalid",
                Map.of()));
        assertThat(failure.kind()).isEqualTo(FailureKind.SOURCE_FAILED);
        assertThat(failure.why()).contains("does not exist").doesNotContain("no-such-host");
    }

    @Test
    void everyHostThatFailedIsNamed() {
        Failure failure = failure(parse("host=127.0.0.1,no-such-host.invalid port=1 user=u", Map.of()));
        assertThat(failure.kind()).isEqualTo(FailureKind.SOURCE_UNREACHABLE);
        assertThat(failure.why())
                .isEqualTo("127.0.0.1:1: connection refused: no server listens there"
                        + " | no-such-host.invalid:1: the host name cannot be resolved");
        assertThat(failure.what()).contains("127.0.0.1:1,no-such-host.invalid:1/u as u");
    }

    @Test
    void aServerInTheWrongRoleIsNotTaken() throws SQLException {
        String primary = keywords(server.superuser(), server.password(), "app");
        Failure failure = failure(parse(primary + " target_session_attrs=standby", Map.of()));
        assertThat(failure.kind()).isEqualTo(FailureKind.SOURCE_UNREACHABLE);
        assertThat(failure.why()).contains("it is a primary, not a standby");
        for (String wanted : List.of("read-write", "primary", "prefer-standby", "any")) {
            parse(primary + " target_session_attrs=" + wanted, Map.of())
                    .connect(Session.named("test"))
                    .close();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "password=wrong, SOURCE_AUTHENTICATION, password authentication failed",
        "password='', SOURCE_AUTHENTICATION, no password was provided",
        "dbname=gone, SOURCE_FAILED, does not exist",
        "user=nobody, SOURCE_AUTHENTICATION, nobody",
        "user=limited password=limited, SOURCE_FAILED, too many connections",
        "require_auth=md5, SOURCE_AUTHENTICATION, ",
        "channel_binding=require sslmode=disable, SOURCE_AUTHENTICATION, ",
        "host=no-such-host.invalid, SOURCE_UNREACHABLE, cannot be resolved",
        "port=1, SOURCE_UNREACHABLE, refused"
    })
    void aFailureIsToldByItsCause(String wrong, FailureKind kind, String why) {
        String right = keywords(server.superuser(), server.password(), "app");
        Failure failure = failure(parse(right + " " + wrong, Map.of("HOME", home.toString())));
        assertThat(failure.kind()).as(failure.toString()).isEqualTo(kind);
        assertThat(failure.why()).contains(why == null ? "" : why);
        assertThat(failure.toString()).doesNotContain(server.password());
    }

    @Test
    void aFullServerIsNoMatterOfTime() throws SQLException {
        Database database = parse(keywords("us er", PASSWORD, "app"), Map.of());
        List<Connection> open = new ArrayList<>();
        try {
            MigrationException full = catchThrowableOfType(MigrationException.class, () -> {
                for (int i = 0; i < 20; i++) {
                    open.add(database.connect(Session.named("test")));
                }
            });
            assertThat(full.failure().kind()).isEqualTo(FailureKind.SOURCE_FAILED);
            assertThat(full.failure().remedy().toString()).contains("max_connections");
        } finally {
            for (Connection connection : open) {
                connection.close();
            }
        }
    }

    @Test
    void aSilentServerIsGivenUpAfterTheTimeLimit() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            long start = System.nanoTime();
            Failure failure = failure(
                    parse("host=127.0.0.1 port=" + silent.getLocalPort() + " user=u connect_timeout=2", Map.of()));
            assertThat(failure.kind()).isEqualTo(FailureKind.SOURCE_UNREACHABLE);
            assertThat(failure.why()).contains("no answer within 2 s");
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(8));
        }
    }

    @Test
    void anInterruptEndsTheWaitForASilentServer() throws IOException, InterruptedException {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Database database =
                    parse("host=127.0.0.1 port=" + silent.getLocalPort() + " user=u sslmode=disable", Map.of());
            AtomicReference<Boolean> stillInterrupted = new AtomicReference<>();
            Thread connecting = Thread.ofPlatform().start(() -> {
                assertThat(failure(database).why()).contains("interrupted");
                stillInterrupted.set(Thread.currentThread().isInterrupted());
            });
            try (Socket accepted = silent.accept()) {
                assertThat(accepted.isConnected()).isTrue();
                connecting.interrupt();
                assertThat(connecting.join(Duration.ofSeconds(5))).isTrue();
            }
            assertThat(stillInterrupted).hasValue(true);
        }
    }

    @Test
    void aDetailThatMayHoldARowIsNotPartOfTheMessage() throws SQLException {
        try (Connection connection = superuser("app").connect(Session.named("test"));
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TEMPORARY TABLE pg_temp.secretive (code text CHECK (length(code) < 3))");
            SQLException refused = catchThrowableOfType(
                    SQLException.class, () -> statement.execute("INSERT INTO pg_temp.secretive VALUES ('geheim')"));
            MigrationException exception = SqlState.toException(Side.TARGET, "Inserting failed.", refused);
            assertThat(exception.failure().kind()).isEqualTo(FailureKind.TARGET_FAILED);
            assertThat(exception.failure().why()).contains("violates check constraint", "SQLSTATE 23514");
            assertThat(exception.failure() + refused.getMessage()).doesNotContain("geheim");
        }
    }

    private static Database superuser(String database) {
        return parse(keywords(server.superuser(), server.password(), database), Map.of());
    }

    private static Database parse(String text, Map<String, String> environment) {
        return Database.parse(Side.SOURCE, new Secret(text), environment);
    }

    private static String keywords(String user, String password, String database) {
        Conninfo conninfo = new Conninfo();
        conninfo.add("host", "127.0.0.1");
        conninfo.add("port", String.valueOf(server.port()));
        conninfo.add("user", user);
        conninfo.add("password", password);
        conninfo.add("dbname", database);
        return conninfo.toString();
    }

    private static Failure failure(Database database) {
        MigrationException thrown =
                catchThrowableOfType(MigrationException.class, () -> database.connect(Session.named("test")));
        assertThat(thrown).isNotNull();
        return thrown.failure();
    }

    private static String value(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(query)) {
            result.next();
            return result.getString(1);
        }
    }
}
