package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.decoder.Framing;
import org.pgmigrator.decoder.PgOutputDecoder;
import org.pgmigrator.decoder.PgOutputMessage;
import org.pgmigrator.decoder.PgOutputMessage.Insert;
import org.pgmigrator.decoder.PgOutputMessage.LogicalMessage;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.server.Servers;
import org.pgmigrator.sandbox.server.TlsFiles;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;
import org.postgresql.replication.PGReplicationStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

@Timeout(120)
class GatheringIT {

    private static final Logger log = LoggerFactory.getLogger(GatheringIT.class);

    private static final int BACKLOG_ROWS = 200_000;

    @TempDir
    private static Path directory;

    private static PostgresServer server;

    @BeforeAll
    static void startServerWithABacklog() throws SQLException {
        TestAuthority authority = new TestAuthority(directory, "authority");
        TestAuthority.Pair files = authority.issue("db.example.org", "RSA", "dns:db.example.org");
        server = Servers.start(ServerSpec.of(17).database("app").tls(new TlsFiles(files.certificate(), files.key())));
        server.execute(
                "app",
                "CREATE TABLE t (id bigint PRIMARY KEY, note text)",
                "CREATE PUBLICATION p FOR TABLE t",
                "SELECT pg_create_logical_replication_slot('backlog', 'pgoutput')",
                "INSERT INTO t SELECT i, 'note ' || i FROM generate_series(1, " + BACKLOG_ROWS + ") i",
                "SELECT pg_logical_emit_message(true, 'end', '')");
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @AfterEach
    void dropSlot() throws SQLException {
        try (Connection walsender = plain(server);
                Statement statement = walsender.createStatement()) {
            // The walsender of a connection that has just been closed may still have it.
            statement.execute("DROP_REPLICATION_SLOT copy WAIT");
        }
    }

    private static Connection gathering(PostgresServer through, String sslmode) {
        return Database.parse(Side.SOURCE, new Secret(through.uri("app") + "?sslmode=" + sslmode), Map.of())
                .connectReplication(Session.named("stream"));
    }

    /// The driver's own socket, which is read as soon as anything has come.
    private static Connection plain(PostgresServer through) throws SQLException {
        Properties properties = new Properties();
        PGProperty.USER.set(properties, through.superuser());
        PGProperty.PASSWORD.set(properties, through.password());
        PGProperty.REPLICATION.set(properties, "database");
        PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "14");
        PGProperty.SSL_MODE.set(properties, "disable");
        return DriverManager.getConnection(through.jdbcUrl("app"), properties);
    }

    private static PGReplicationStream start(Connection walsender) throws SQLException {
        return walsender
                .unwrap(PGConnection.class)
                .getReplicationAPI()
                .replicationStream()
                .logical()
                .withSlotName("copy")
                .withStatusInterval(0, TimeUnit.MILLISECONDS)
                .withAutomaticFlush(false)
                .withSlotOption("proto_version", "1")
                .withSlotOption("publication_names", "p")
                .withSlotOption("messages", "true")
                .start();
    }

    private static PgOutputMessage next(PGReplicationStream stream) throws SQLException {
        while (true) {
            ByteBuffer message = stream.readPending();
            if (message != null) {
                return PgOutputDecoder.decode(message, Framing.TOP_LEVEL);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    /// Reads the backlog, each row of which must come once and in order.
    ///
    /// @return rows per second
    private static long readBacklog(Connection walsender) throws SQLException {
        server.execute("app", "SELECT pg_copy_logical_replication_slot('backlog', 'copy')");
        long start = System.nanoTime();
        PGReplicationStream stream = start(walsender);
        long rows = 0;
        while (true) {
            PgOutputMessage message = next(stream);
            if (message instanceof Insert insert) {
                rows++;
                assertThat(insert.after().text(0)).isEqualTo(Long.toString(rows));
            } else if (message instanceof LogicalMessage end && end.prefix().equals("end")) {
                assertThat(rows).isEqualTo(BACKLOG_ROWS);
                return rows * TimeUnit.SECONDS.toNanos(1) / (System.nanoTime() - start);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0, disable", "1, disable", "5, disable", "40, disable", "0, require", "5, require"})
    void everyRowArrivesInOrderWhateverTheDelayAndEncryption(long delayMillis, String sslmode) throws SQLException {
        try (TcpProxy proxy = TcpProxy.inFrontOf(server)) {
            proxy.delay(Duration.ofMillis(delayMillis));
            try (Connection walsender = gathering(proxy.asServer(server), sslmode)) {
                long rate = readBacklog(walsender);
                log.info("gathering delay={}ms sslmode={} rows_per_second={}", delayMillis, sslmode, rate);
            }
        }
    }

    /// How much it gains depends on the machine: the figure is for the reader of the log.
    @Test
    void thePlainSocketBringsTheSameRows() throws SQLException {
        long plainRate;
        long gatheringRate;
        try (Connection walsender = plain(server)) {
            plainRate = readBacklog(walsender);
        }
        dropSlot();
        try (Connection walsender = gathering(server, "disable")) {
            gatheringRate = readBacklog(walsender);
        }
        log.info(
                "rows_per_second plain={} gathering={} ratio={}",
                plainRate,
                gatheringRate,
                String.format(Locale.ROOT, "%.2f", (double) gatheringRate / plainRate));
    }

    @Test
    void aSingleChangeOfAQuietStreamIsNotHeldBack() throws SQLException {
        server.execute("app", "SELECT pg_create_logical_replication_slot('copy', 'pgoutput')");
        long shortest = Long.MAX_VALUE;
        try (Connection walsender = gathering(server, "disable");
                Connection writer = server.connect("app")) {
            PGReplicationStream stream = start(walsender);
            for (int i = 0; i < 100; i++) {
                long sent = System.nanoTime();
                try (Statement statement = writer.createStatement()) {
                    statement.execute("SELECT pg_logical_emit_message(true, 'single', '" + i + "')");
                }
                awaitSingle(stream, Integer.toString(i));
                shortest = Math.min(shortest, System.nanoTime() - sent);
            }
        }
        // Had it waited, no change could have come sooner. The others may be slow for reasons of the machine.
        assertThat(shortest).isLessThan(GatheringInputStream.QUIET_NANOS);
    }

    private static void awaitSingle(PGReplicationStream stream, String content) throws SQLException {
        while (true) {
            if (next(stream) instanceof LogicalMessage message
                    && message.prefix().equals("single")
                    && message.content().text().equals(content)) {
                return;
            }
        }
    }
}
