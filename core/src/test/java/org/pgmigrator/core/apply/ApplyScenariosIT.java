package org.pgmigrator.core.apply;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.config.ApplyConfig.WireFormat;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.cutover.Marker;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.stream.AckPosition;
import org.pgmigrator.core.stream.ChangeQueue;
import org.pgmigrator.core.stream.StreamConfig;
import org.pgmigrator.core.stream.WalReceiver;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.sandbox.compare.ComparisonResult;
import org.pgmigrator.sandbox.compare.DatabaseComparison;
import org.pgmigrator.sandbox.compare.SequenceRule;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.server.Servers;

/// Each folder under `scenarios` is a schema and a workload: after the stream, both databases must be equal. A new bug
/// is a new folder.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApplyScenariosIT {

    private static final List<int[]> PAIRS = List.of(new int[] {15, 17}, new int[] {14, 18}, new int[] {18, 16});

    /// Folding from the first change on: the scenarios are small.
    private static final List<ApplyConfig> WAYS = List.of(
            ApplyConfig.of(ApplyConfig.Mode.STRICT, 1).withFoldFrom(1).withWireFormat(WireFormat.TEXT),
            ApplyConfig.of(ApplyConfig.Mode.STRICT, 1).withFoldFrom(1).withWireFormat(WireFormat.BINARY),
            ApplyConfig.of(ApplyConfig.Mode.WINDOWS, 1).withFoldFrom(1).withWireFormat(WireFormat.TEXT),
            ApplyConfig.of(ApplyConfig.Mode.WINDOWS, 3).withFoldFrom(1).withWireFormat(WireFormat.BINARY));

    private final Map<Integer, PostgresServer> servers = new TreeMap<>();
    private int next;

    @BeforeAll
    void startServers() {
        PAIRS.stream()
                .flatMapToInt(Arrays::stream)
                .distinct()
                .forEach(major ->
                        servers.put(major, Servers.start(ServerSpec.of(major).setting("max_replication_slots", "60"))));
    }

    @AfterAll
    void stopServers() {
        servers.values().forEach(PostgresServer::close);
    }

    static Stream<Arguments> scenarios() throws IOException {
        Path root = Path.of("src/test/resources/org/pgmigrator/core/apply/scenarios");
        try (Stream<Path> folders = Files.list(root)) {
            List<String> names = folders.map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList();
            return PAIRS.stream()
                    .flatMap(pair -> names.stream()
                            .filter(name -> pair[0] <= lastSourceMajor(root.resolve(name)))
                            // All ways on the first pair; what another version may change is the writing itself.
                            .flatMap(name -> WAYS.stream()
                                    .limit(pair[0] == 15 ? WAYS.size() : 2)
                                    .map(way -> Arguments.of(name, pair[0], pair[1], way))));
        }
    }

    /// What a newer source refuses to do can't be streamed from it.
    private static int lastSourceMajor(Path scenario) {
        Path file = scenario.resolve("last-source-major");
        try {
            return Files.exists(file) ? Integer.parseInt(Files.readString(file).strip()) : Integer.MAX_VALUE;
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    @ParameterizedTest(name = "{0} {1} to {2} {3}")
    @MethodSource("scenarios")
    void everyRowOfTheScenarioArrives(String scenario, int sourceMajor, int targetMajor, ApplyConfig way)
            throws Exception {
        PostgresServer source = Objects.requireNonNull(servers.get(sourceMajor));
        PostgresServer target = Objects.requireNonNull(servers.get(targetMajor));
        String database = "s" + next++;
        source.createDatabase(database);
        target.createDatabase(database);
        // Both sides start with the rows of schema.sql: that is the copy.
        script(source, database, scenario, "schema.sql");
        script(target, database, scenario, "schema.sql");
        source.execute(database, "create publication p for all tables");
        Lsn start = Lsn.parse(source.value(
                database, "select lsn from pg_create_logical_replication_slot('" + database + "', 'pgoutput')"));
        script(target, database, scenario, "target.sql");
        target.execute(database, "create schema pgmigrator");
        try (Connection connection = target.connect(database)) {
            Progress.createTable(connection);
            Progress.initialise(connection, "it", new SlotIdentity("1", 1, database, start));
        }

        script(source, database, scenario, "workload.sql");
        stream(source, target, database, way);

        ComparisonResult result = new DatabaseComparison()
                .sequences(SequenceRule.IGNORED)
                .compare(() -> source.connect(database), () -> target.connect(database));
        assertThat(result.differences()).as(result.toString()).isEmpty();
        source.execute(database, "select pg_drop_replication_slot('" + database + "')");
    }

    private static void stream(PostgresServer source, PostgresServer target, String database, ApplyConfig way)
            throws Exception {
        Database sourceDatabase = Database.parse(Side.SOURCE, new Secret(source.uri(database)), Map.of());
        Database targetDatabase = Database.parse(Side.TARGET, new Secret(target.uri(database)), Map.of());
        ChangeQueue queue = new ChangeQueue(ChangeQueue.DEFAULT_CAPACITY_BYTES);
        boolean binary = way.wireFormat() == WireFormat.BINARY && BinaryWhereSafe.on(sourceDatabase, targetDatabase);
        try (Applier.Ready ready = Applier.open(targetDatabase, "it", way, binary);
                Connection observer = sourceDatabase.connect(Session.named("test"))) {
            AckPosition acknowledged = new AckPosition(ready.progress().confirmable());
            StreamConfig config = new StreamConfig(
                    database, List.of("p"), binary, ready.progress().applied());
            try (WalReceiver receiver = WalReceiver.start(
                            sourceDatabase.connectReplication(Session.named("stream")),
                            config,
                            name -> true,
                            queue,
                            acknowledged);
                    Applier applier = ready.start(queue, acknowledged)) {
                Marker marker = Marker.emit(observer);
                Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> {
                    if (applier.failure().isPresent()) {
                        throw new AssertionError(
                                applier.failure().get().failure().toString(),
                                applier.failure().get());
                    }
                    receiver.failure().ifPresent(failure -> {
                        throw new AssertionError(failure.failure().toString(), failure);
                    });
                    return applier.lastMarker()
                            .filter(seen -> seen.content().equals(marker.content()))
                            .isPresent();
                });
            }
        }
    }

    private static void script(PostgresServer server, String database, String scenario, String file)
            throws IOException, SQLException {
        try (InputStream stream = ApplyScenariosIT.class.getResourceAsStream("scenarios/" + scenario + "/" + file)) {
            if (stream == null) {
                return;
            }
            String sql = new String(stream.readAllBytes(), StandardCharsets.UTF_8).strip();
            if (sql.isEmpty()) {
                return;
            }
            try (Connection connection = server.connect(database);
                    Statement statement = connection.createStatement()) {
                // Each statement its own transaction, unless the script says begin: not one for the whole file.
                for (String line : statements(sql)) {
                    statement.execute(line);
                }
                try (ResultSet open = statement.executeQuery("select pg_current_xact_id_if_assigned() is null")) {
                    open.next();
                    assertThat(open.getBoolean(1)).isTrue();
                }
            }
        }
    }

    /// Splits at semicolons that end a line or stand before a space and a word, outside of quotes.
    private static List<String> statements(String sql) {
        List<String> statements = new ArrayList<>();
        StringBuilder current = new StringBuilder();
        boolean quoted = false;
        boolean identifier = false;
        for (int i = 0; i < sql.length(); i++) {
            char c = sql.charAt(i);
            if (c == '\'' && !identifier) {
                quoted = !quoted;
            } else if (c == '"' && !quoted) {
                identifier = !identifier;
            }
            if (c == ';' && !quoted && !identifier) {
                statements.add(current.toString());
                current.setLength(0);
            } else {
                current.append(c);
            }
        }
        if (!current.toString().isBlank()) {
            statements.add(current.toString());
        }
        return statements;
    }
}
