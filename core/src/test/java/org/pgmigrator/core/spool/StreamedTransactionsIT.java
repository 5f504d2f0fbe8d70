package org.pgmigrator.core.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.stream.AckPosition;
import org.pgmigrator.core.stream.FrameSink;
import org.pgmigrator.core.stream.StreamConfig;
import org.pgmigrator.core.stream.WalReceiver;
import org.pgmigrator.decoder.Framing;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.PgOutputDecoder;
import org.pgmigrator.decoder.PgOutputMessage;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.server.Servers;

/// What comes out of the spool is what the server sends with protocol version 1, message by message: two slots of one
/// server, whose clients have several transactions at once with savepoints within each other, most of them rolled back.
@Timeout(180)
class StreamedTransactionsIT {

    private static final String LAST = "the last one";
    private static final int CLIENTS = 4;

    @TempDir
    private Path path;

    private final List<byte[]> plain = new CopyOnWriteArrayList<>();

    @ParameterizedTest
    @CsvSource({"14, 1, buffered", "15, 2, buffered", "18, 3, buffered", "18, 4, immediate"})
    void theSpoolGivesWhatTheServerSendsAfterEachCommit(int major, int seed, String streaming) throws Exception {
        try (PostgresServer server = Servers.start(ServerSpec.of(major).database("app"))) {
            server.execute(
                    "app",
                    "CREATE TABLE shared (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text)",
                    "CREATE PUBLICATION p FOR TABLE shared");
            for (int client = 0; client < CLIENTS; client++) {
                server.execute(
                        "app",
                        "CREATE TABLE own" + client + " (id int PRIMARY KEY, note text, body text)",
                        "ALTER TABLE own" + client + " ALTER body SET STORAGE EXTERNAL",
                        "ALTER PUBLICATION p ADD TABLE own" + client);
            }
            server.execute("app", "SELECT pg_create_logical_replication_slot('plain', 'pgoutput')");
            server.execute("app", "SELECT pg_create_logical_replication_slot('streamed', 'pgoutput')");
            Session small = Session.named("stream").with("logical_decoding_work_mem", "64kB");
            Session session = streaming.equals("immediate")
                    ? small.with("debug_logical_replication_streaming", "immediate")
                    : small;
            Lsn start = Lsn.parse(server.value("app", "SELECT pg_current_wal_lsn()"));
            try (Spool spool =
                    Spool.create(SpoolDirectory.lock(path), SpoolFixture.IDENTITY, start, SpoolLimits.of(1L << 30))) {
                run(server, session, spool, start, seed);
                assertSameMessages(sent(readAll(spool, start)), sent(plain));
                assertThat(plain.size()).isGreaterThan(20_000);
            }
            if (major > 14) {
                assertThat(Long.parseLong(server.value(
                                "app",
                                "SELECT stream_txns FROM pg_stat_replication_slots WHERE slot_name = 'streamed'")))
                        .isGreaterThan(20);
            }
        }
    }

    private static void assertSameMessages(List<String> actual, List<String> expected) {
        for (int i = 0; i < Math.min(actual.size(), expected.size()); i++) {
            assertThat(actual.get(i)).as("message %d", i).isEqualTo(expected.get(i));
        }
        assertThat(actual).hasSameSizeAs(expected);
    }

    private void run(PostgresServer server, Session session, Spool spool, Lsn start, int seed) throws Exception {
        Random random = new Random(seed);
        AckPosition nothing = new AckPosition(start);
        StreamConfig config = new StreamConfig("plain", List.of("p"), false, start);
        try (WalReceiver reference =
                WalReceiver.start(walsender(server, Session.named("stream")), config, new Collector(), nothing)) {
            List<Client> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(new Client(server.connect("app"), "own" + i, random));
            }
            for (int connection = 0; connection < 4; connection++) {
                AckPosition durable = new AckPosition(spool.durable());
                StreamConfig streamed = new StreamConfig("streamed", List.of("p"), false, spool.written(), true);
                try (WalReceiver receiver =
                        WalReceiver.start(walsender(server, session), streamed, new SpoolSink(spool), durable)) {
                    for (int step = 0; step < 400; step++) {
                        clients.get(random.nextInt(CLIENTS)).step();
                        durable.acknowledge(spool.durable());
                    }
                    if (connection == 3) {
                        for (Client client : clients) {
                            client.close();
                        }
                        server.execute("app", "SELECT pg_logical_emit_message(true, '" + LAST + "', '')");
                        awaitLast(receiver, () -> spool.written().isAtLeast(commitOfLast(reference)));
                    }
                }
                spool.discardIncomplete();
            }
        }
    }

    private Lsn commitOfLast(WalReceiver reference) {
        awaitLast(
                reference,
                () -> plain.size() > 2 && text(plain.get(plain.size() - 2)).contains(LAST));
        return new Lsn(ByteBuffer.wrap(plain.getLast()).getLong(10));
    }

    private static void awaitLast(WalReceiver receiver, BooleanSupplier there) {
        await().atMost(Duration.ofMinutes(1))
                .failFast(() -> assertThat(receiver.failure()).isEmpty())
                .until(there::getAsBoolean);
    }

    private static String text(byte[] message) {
        return new String(message, java.nio.charset.StandardCharsets.UTF_8);
    }

    private static Connection walsender(PostgresServer server, Session session) {
        return Database.parse(Side.SOURCE, new Secret(server.uri("app")), Map.of())
                .connectReplication(session);
    }

    private static List<byte[]> readAll(Spool spool, Lsn start) throws Exception {
        List<byte[]> read = new ArrayList<>();
        try (SpoolReader reader = spool.reader(start)) {
            Optional<Spooled> next = reader.next(Duration.ZERO);
            while (next.isPresent()) {
                if (next.get() instanceof Spooled.Frame frame) {
                    read.add(frame.message().array());
                }
                next = reader.next(Duration.ZERO);
            }
        }
        return read;
    }

    /// What a client understands: each change with the relation as it is known to it at that moment. When a relation is
    /// described is not the same, and transactions of which nothing is left may come or not.
    private static List<String> sent(List<byte[]> messages) {
        Map<Long, PgOutputMessage.Relation> relations = new HashMap<>();
        List<String> sent = new ArrayList<>();
        for (byte[] message : messages) {
            PgOutputMessage decoded = PgOutputDecoder.decode(ByteBuffer.wrap(message), Framing.TOP_LEVEL);
            String hex = (char) message[0] + " " + HexFormat.of().formatHex(message);
            switch (decoded) {
                case PgOutputMessage.Relation relation -> relations.put(relation.oid(), relation);
                case PgOutputMessage.Type ignored -> {}
                case PgOutputMessage.Insert insert -> sent.add(hex + relations.get(insert.relationOid()));
                case PgOutputMessage.Update update -> sent.add(hex + relations.get(update.relationOid()));
                case PgOutputMessage.Delete delete -> sent.add(hex + relations.get(delete.relationOid()));
                case PgOutputMessage.Truncate truncate ->
                    truncate.relationOids().forEach(oid -> sent.add(hex + relations.get(oid)));
                case PgOutputMessage.Commit ignored -> {
                    if (sent.getLast().startsWith("B ")) {
                        sent.removeLast();
                    } else {
                        sent.add(hex);
                    }
                }
                case PgOutputMessage.LogicalMessage note -> {
                    // In a stream block nobody can tell of which subtransaction it is.
                    if (note.prefix().equals(LAST)) {
                        sent.add(hex);
                    }
                }
                default -> sent.add(hex);
            }
        }
        return sent;
    }

    /// Keeps what comes.
    private final class Collector implements FrameSink {
        @Override
        public boolean awaitRoom(Duration limit) {
            return true;
        }

        @Override
        public void accept(Lsn position, ByteBuffer message) {
            byte[] bytes = new byte[message.remaining()];
            message.get(bytes);
            plain.add(bytes);
        }

        @Override
        public void pause() {}

        @Override
        public boolean isInsideTransaction() {
            return true;
        }

        @Override
        public boolean idle(Lsn position) {
            return true;
        }

        @Override
        public boolean isAbandoned() {
            return false;
        }
    }

    /// One session that has a table to itself and shares another one.
    private static final class Client {
        private final Connection connection;
        private final Statement statement;
        private final String table;
        private final Random random;
        private final List<String> savepoints = new ArrayList<>();
        private int number;
        private int next;
        private boolean defined;

        Client(Connection connection, String table, Random random) throws SQLException {
            this.connection = connection;
            this.statement = connection.createStatement();
            this.table = table;
            this.random = random;
            connection.setAutoCommit(false);
        }

        void step() throws SQLException {
            switch (random.nextInt(24)) {
                case 0 -> end("COMMIT");
                case 1 -> {
                    if (random.nextInt(3) == 0 && !defined) {
                        end("ROLLBACK");
                    }
                }
                case 2, 3, 4, 5 -> {
                    savepoints.add("s" + number++);
                    statement.execute("SAVEPOINT " + savepoints.getLast());
                }
                case 6, 7, 8 -> rollBack();
                case 9 -> release();
                case 10 -> statement.execute("UPDATE " + table + " SET note = 'changed ' || note WHERE id % 3 = 0");
                case 11 -> statement.execute("UPDATE " + table + " SET id = -id WHERE id % 7 = 1 AND id > 0");
                case 12 -> statement.execute("DELETE FROM " + table + " WHERE id % 2 = 0");
                case 13 -> define("TRUNCATE " + table);
                case 14 ->
                    define("ALTER TABLE " + table + " ADD COLUMN IF NOT EXISTS c" + random.nextInt(3) + " int DEFAULT "
                            + random.nextInt(9));
                case 15 -> define("ALTER TABLE " + table + " DROP COLUMN IF EXISTS c" + random.nextInt(3));
                case 16 -> statement.execute("SELECT pg_logical_emit_message(true, 'note', 'inside')");
                case 17 -> statement.execute("""
                        DO $$ BEGIN FOR i IN 1..90 LOOP BEGIN
                            INSERT INTO shared (note) VALUES ('tried ' || i);
                            IF i %% 3 = 0 THEN RAISE EXCEPTION 'no'; END IF;
                            BEGIN INSERT INTO shared (note) VALUES ('inside ' || i); EXCEPTION WHEN others THEN END;
                            INSERT INTO shared (note) VALUES ('behind it ' || i);
                            IF i %% 4 = 0 THEN RAISE EXCEPTION 'no'; END IF;
                        EXCEPTION WHEN raise_exception THEN END; END LOOP; END $$""".replace("%%", "%"));
                default -> insert();
            }
        }

        private void insert() throws SQLException {
            int rows = 1 + random.nextInt(120);
            statement.execute("INSERT INTO " + table
                    + " (id, note, body) SELECT i, 'row ' || i, repeat('b', i % 40 * 80)" + " FROM generate_series("
                    + (next + 1) + ", " + (next + rows) + ") i ON CONFLICT DO NOTHING");
            statement.execute("INSERT INTO shared (note) SELECT md5(i::text) FROM generate_series(1, " + rows + ") i");
            next += rows;
        }

        /// Nothing that is rolled back: the server itself cannot always stream what follows that ("could not map
        /// filenode").
        private void define(String sql) throws SQLException {
            if (savepoints.isEmpty()) {
                statement.execute(sql);
                defined = true;
            }
        }

        private void rollBack() throws SQLException {
            if (!savepoints.isEmpty()) {
                int to = random.nextInt(savepoints.size());
                statement.execute("ROLLBACK TO " + savepoints.get(to));
                savepoints.subList(to + 1, savepoints.size()).clear();
            }
        }

        private void release() throws SQLException {
            if (!savepoints.isEmpty()) {
                int to = random.nextInt(savepoints.size());
                statement.execute("RELEASE " + savepoints.get(to));
                savepoints.subList(to, savepoints.size()).clear();
            }
        }

        private void end(String how) throws SQLException {
            statement.execute(how);
            savepoints.clear();
            defined = false;
        }

        void close() throws SQLException {
            connection.commit();
            connection.close();
        }
    }
}
