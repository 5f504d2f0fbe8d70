package org.pgmigrator.sandbox.capture;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.SandboxException;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;
import org.postgresql.replication.PGReplicationStream;
import org.postgresql.replication.fluent.logical.ChainedLogicalStreamBuilder;

/// One run of a scenario: its own database, a temporary slot, and all messages up to a last transaction of our own,
/// which
/// is taken off again. Messages are received while the workload runs, as rollbacks are told of what was already
/// streamed
/// only. One use, one thread.
final class Capture {

    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofMillis(5);

    /// The table of the last transaction; its name is in the relation message.
    private static final String LAST = "last_of_capture";

    private static final char BEGIN = 'B';
    private static final char COMMIT = 'C';
    private static final char RELATION = 'R';
    private static final char STREAM_STOP = 'E';

    private final Scenario scenario;
    private final PGReplicationStream stream;
    private final List<byte[]> messages = new ArrayList<>();

    private Capture(Scenario scenario, PGReplicationStream stream) {
        this.scenario = scenario;
        this.stream = stream;
    }

    static List<byte[]> of(Scenario scenario, PostgresServer server) throws SQLException {
        server.createDatabase(scenario.name());
        try (Connection sql = server.connect(scenario.name());
                Statement statement = sql.createStatement();
                Connection replication = replicationConnection(server, scenario.name())) {
            for (String setup : scenario.setupStatements()) {
                statement.execute(setup);
            }
            statement.execute("CREATE TABLE " + LAST + " (id int)");
            statement.execute("ALTER PUBLICATION capture ADD TABLE " + LAST);
            try (PGReplicationStream stream = start(scenario, replication)) {
                Capture capture = new Capture(scenario, stream);
                capture.run(statement);
                return capture.withoutLastTransaction();
            }
        }
    }

    private static Connection replicationConnection(PostgresServer server, String database) throws SQLException {
        Properties properties = new Properties();
        PGProperty.USER.set(properties, server.superuser());
        PGProperty.PASSWORD.set(properties, server.password());
        PGProperty.REPLICATION.set(properties, "database");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "14");
        PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
        return DriverManager.getConnection(server.jdbcUrl(database), properties);
    }

    private static PGReplicationStream start(Scenario scenario, Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE_REPLICATION_SLOT capture TEMPORARY LOGICAL pgoutput"
                    + (scenario.twoPhase() ? " TWO_PHASE" : ""));
        }
        ChainedLogicalStreamBuilder builder = connection
                .unwrap(PGConnection.class)
                .getReplicationAPI()
                .replicationStream()
                .logical()
                .withSlotName("capture")
                .withAutomaticFlush(false)
                .withSlotOption("publication_names", "capture");
        scenario.options().forEach(builder::withSlotOption);
        return builder.start();
    }

    private void run(Statement statement) throws SQLException {
        for (String step : scenario.workloadStatements()) {
            if (step.equals(Scenario.AWAIT_BLOCK)) {
                receiveUntil("a stream block", () -> lastIs(STREAM_STOP));
            } else {
                statement.execute(step);
            }
        }
        statement.execute("INSERT INTO " + LAST + " VALUES (1)");
        receiveUntil("the last transaction", () -> lastIs(COMMIT) && lastRelation() >= 0);
    }

    private void receiveUntil(String what, BooleanSupplier done) throws SQLException {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (!done.getAsBoolean()) {
            ByteBuffer message = stream.readPending();
            if (message != null) {
                byte[] copy = new byte[message.remaining()];
                message.get(copy);
                messages.add(copy);
            } else if (System.nanoTime() > deadline) {
                throw new SandboxException("scenario " + scenario.name() + ": " + what + " did not come within "
                        + DEADLINE.toSeconds() + " s, after " + messages.size() + " messages");
            } else {
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        }
    }

    private boolean lastIs(char type) {
        return !messages.isEmpty() && messages.getLast()[0] == type;
    }

    /// Where the relation of the last transaction is, -1 if it has not come.
    private int lastRelation() {
        for (int i = messages.size() - 1; i >= 0; i--) {
            byte[] message = messages.get(i);
            if (message[0] == RELATION && new String(message, StandardCharsets.UTF_8).contains(LAST)) {
                return i;
            }
        }
        return -1;
    }

    private List<byte[]> withoutLastTransaction() {
        int begin = lastRelation();
        while (messages.get(begin)[0] != BEGIN) {
            begin--;
        }
        return messages.subList(0, begin);
    }
}
