package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.server.TlsFiles;

class TlsIT {

    @TempDir
    private static Path directory;

    private static TestAuthority authority;
    private static TestAuthority stranger;
    private static PostgresServer server;

    @BeforeAll
    static void startServerWithCertificate() throws SQLException {
        authority = new TestAuthority(directory, "authority");
        stranger = new TestAuthority(directory, "stranger");
        TestAuthority.Pair files = authority.issue("db.example.org", "RSA", "dns:db.example.org");
        server = EmbeddedServer.start(ServerSpec.of(15)
                .database("app")
                .tls(new TlsFiles(files.certificate(), files.key()))
                .setting(
                        "ssl_ca_file", readableByServer(authority.certificate()).toString())
                .hostBasedAuthentication(
                        "hostssl all certified 127.0.0.1/32 cert",
                        "hostnossl all tlsonly 127.0.0.1/32 reject",
                        "host all all 127.0.0.1/32 scram-sha-256",
                        "host replication all 127.0.0.1/32 scram-sha-256"));
        server.execute("postgres", "CREATE ROLE certified LOGIN", "CREATE ROLE tlsonly LOGIN PASSWORD 'tls only'");
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @ParameterizedTest
    @CsvSource({
        "sslmode=disable, f",
        "sslmode=allow, f",
        "sslmode=prefer, t",
        "'', t",
        "sslmode=require, t",
        "sslmode=verify-ca sslrootcert=AUTHORITY, t",
        "sslmode=require sslrootcert=AUTHORITY, t",
        "sslmode=verify-full sslrootcert=AUTHORITY host=db.example.org hostaddr=127.0.0.1, t"
    })
    void eachModeEncryptsAsItSays(String parameters, String encrypted) throws SQLException {
        Database database = parse(parameters);
        try (Connection connection = database.connect(Session.named("test"))) {
            assertThat(isEncrypted(connection)).isEqualTo(encrypted);
        }
        try (Connection connection = database.connectReplication(Session.named("test"))) {
            assertThat(isEncrypted(connection)).isEqualTo(encrypted);
        }
        assertThat(ChildRun.of(database, "psql", "-tAc", ENCRYPTED).output()).isEqualTo(encrypted);
    }

    private static final String ENCRYPTED =
            "SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sslmode=verify-ca sslrootcert=STRANGER",
                "sslmode=require sslrootcert=STRANGER",
                "sslmode=verify-full sslrootcert=STRANGER host=db.example.org hostaddr=127.0.0.1"
            })
    void aCertificateOfAnotherAuthorityIsRefused(String parameters) {
        Failure failure = failure(parse(parameters));
        assertThat(failure.kind()).isEqualTo(FailureKind.SOURCE_FAILED);
        assertThat(failure.why()).contains("not signed by an authority of", "stranger.crt");
        assertThat(failure.remedy().toString()).contains("sslrootcert=");
        assertThat(ChildRun.of(parse(parameters), "psql", "-c", "SELECT 1").exitCode())
                .isNotZero();
    }

    @Test
    void aCertificateForAnotherHostIsRefusedByVerifyFullAlone() {
        Failure failure = failure(parse("sslmode=verify-full sslrootcert=AUTHORITY host=localhost"));
        assertThat(failure.kind()).isEqualTo(FailureKind.SOURCE_FAILED);
        assertThat(failure.why()).contains("not made out to localhost");
    }

    @Test
    void theSystemsAuthoritiesDoNotKnowOurs() {
        Failure failure = failure(parse("sslrootcert=system host=db.example.org hostaddr=127.0.0.1"));
        assertThat(failure.kind()).isEqualTo(FailureKind.SOURCE_FAILED);
        assertThat(failure.why()).contains("not signed by an authority of the Java trust store");
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA", "EC"})
    void aClientCertificateLogsInOnBothWays(String keyAlgorithm) throws SQLException {
        TestAuthority.Pair client = authority.issue("certified", keyAlgorithm, "");
        Database database = parse("user=certified password='' sslmode=verify-ca sslrootcert=AUTHORITY sslcert="
                + client.certificate() + " sslkey=" + client.key());
        try (Connection connection = database.connect(Session.named("test"))) {
            assertThat(isEncrypted(connection)).isEqualTo("t");
        }
        assertThat(ChildRun.of(database, "psql", "-tAc", "SELECT current_user").output())
                .isEqualTo("certified");
    }

    @Test
    void aMissingClientCertificateIsARefusalOfTheUser() {
        Failure failure = failure(parse("user=certified sslmode=require"));
        assertThat(failure.kind()).isEqualTo(FailureKind.SOURCE_AUTHENTICATION);
    }

    @Test
    void aRefusalWithoutTlsNamesPgHba() {
        Failure failure = failure(parse("user=tlsonly password='tls only' sslmode=disable"));
        assertThat(failure.kind()).isEqualTo(FailureKind.SOURCE_AUTHENTICATION);
        assertThat(failure.why()).contains("pg_hba.conf");
    }

    @Test
    void directNegotiationReachesAServerThatKnowsIt() throws SQLException {
        TestAuthority.Pair files = authority.issue("direct.example.org", "EC", "ip:127.0.0.1");
        try (PostgresServer newer =
                EmbeddedServer.start(ServerSpec.of(17).tls(new TlsFiles(files.certificate(), files.key())))) {
            String uri = newer.uri("postgres") + "?sslnegotiation=direct&sslmode=verify-full&sslrootcert="
                    + authority.certificate();
            Database database = Database.parse(Side.TARGET, new Secret(uri), Map.of());
            try (Connection connection = database.connect(Session.named("test"))) {
                assertThat(isEncrypted(connection)).isEqualTo("t");
            }
        }
    }

    @Test
    void aServerWithoutTlsIsExplained() {
        try (PostgresServer plain = EmbeddedServer.start(15)) {
            Database database =
                    Database.parse(Side.TARGET, new Secret(plain.uri("postgres") + "?sslmode=require"), Map.of());
            Failure failure = failure(database);
            assertThat(failure.kind()).isEqualTo(FailureKind.TARGET_FAILED);
            assertThat(failure.why()).contains("sslmode=require asks for TLS, but the server has it switched off");
        }
    }

    /// Keys of `parameters` win over the server's own, as later ones do in a connection string.
    private static Database parse(String parameters) {
        String text = "host=127.0.0.1 port=" + server.port() + " dbname=app user=" + server.superuser() + " password="
                + server.password() + " "
                + parameters
                        .replace("AUTHORITY", authority.certificate().toString())
                        .replace("STRANGER", stranger.certificate().toString());
        Map<String, String> environment = new HashMap<>();
        environment.put("HOME", directory.toString());
        return Database.parse(Side.SOURCE, new Secret(text), environment);
    }

    private static Failure failure(Database database) {
        MigrationException thrown =
                catchThrowableOfType(MigrationException.class, () -> database.connect(Session.named("test")));
        assertThat(thrown).isNotNull();
        return thrown.failure();
    }

    private static String isEncrypted(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(ENCRYPTED)) {
            result.next();
            return result.getString(1);
        }
    }

    /// The server runs as another user than the owner of the temporary directory.
    private static Path readableByServer(Path certificate) {
        try {
            Path copy = Files.createTempFile("pg-migrator-test-ca", ".crt");
            Files.copy(certificate, copy, StandardCopyOption.REPLACE_EXISTING);
            Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rw-r--r--"));
            copy.toFile().deleteOnExit();
            return copy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
