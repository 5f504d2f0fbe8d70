package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.sandbox.server.ConnectionSource;
import org.pgmigrator.sandbox.workload.Workload;

/// Transactions and values that are large beside the heap.
class LargeTransactionIT {

    private static Pair pair;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        pair = Pair.start(15, 17);
    }

    @AfterAll
    static void stop() {
        pair.close();
    }

    @Test
    void oneTransactionOfTwoMillionInsertsPassesThroughAHeapOf256Megabytes() throws Exception {
        try (Move move = pair.move(folder, new Table("many (id int PRIMARY KEY, v text)"))
                .heap("256m")) {
            Program program = move.migrateUntilCaughtUp();
            move.writeOnSource("INSERT INTO many SELECT i, md5(i::text) FROM generate_series(1, 2000000) i");
            move.cutOver(program);
            assertThat(move.onTarget("SELECT count(*) FROM many")).containsExactly("2000000");
        }
    }

    @Test
    void updatesOf200000RowsInOneTransactionPassThroughAHeapOf256Megabytes() throws Exception {
        try (Move move = pair.move(folder, new Table("many (id int PRIMARY KEY, v text)"))
                .heap("256m")) {
            move.writeOnSource("INSERT INTO many SELECT i, md5(i::text) FROM generate_series(1, 200000) i");
            Program program = move.migrateUntilCaughtUp();
            move.writeOnSource("UPDATE many SET v = 'updated ' || v");
            move.cutOver(program);
            assertThat(move.onTarget("SELECT count(*) FROM many WHERE v LIKE 'updated %'"))
                    .containsExactly("200000");
        }
    }

    /// It keeps the lock away, and the target falls behind as the lock is granted.
    @Test
    void aTransactionThatCommitsIntoTheCutoverDoesNotKeepWritersAway() throws Exception {
        try (Move move = pair.move(folder, new Table("many (id int PRIMARY KEY, v text)"))) {
            Program program = move.migrateUntilCaughtUp();
            LockedTable slowTarget;
            try (Connection large = pair.source().connect(move.database());
                    Statement statement = large.createStatement()) {
                large.setAutoCommit(false);
                statement.execute("INSERT INTO many SELECT i, md5(i::text) FROM generate_series(1, 10000) i");
                program.signal("INT");
                program.awaitOut("cannot be locked yet");
                slowTarget = move.lockOnTarget("many");
                large.commit();
            }
            program.awaitOut("they are unlocked again, everybody writes");
            move.writeOnSource("SET statement_timeout = '5s'", "INSERT INTO many VALUES (0, 'meanwhile')");
            slowTarget.release();
            program.awaitExit(0);
            move.assertEqual();
            assertThat(move.onTarget("SELECT count(*) FROM many")).containsExactly("10001");
            assertThat(program.out()).containsOnlyOnce("unlocked again");
        }
    }

    @Test
    void valuesOfAHundredMegabytesPassThroughTheHeapThatTheLauncherGives() throws Exception {
        try (Move move = pair.move(folder, new Table("large (id int PRIMARY KEY, t text, b bytea, n int)"))
                .heap("512m")) {
            Program program = move.migrateUntilCaughtUp();
            // 100 MB of text full of what COPY has to escape; 60 MB of bytea, which are 120 MB on their way.
            move.writeOnSource(
                    "INSERT INTO large VALUES (1, repeat(E'tab\\tback\\\\line\\n', 7490000), NULL, 0)",
                    "INSERT INTO large VALUES (2, NULL, convert_to(repeat('0123456789', 6291456), 'UTF8'), 0)",
                    "UPDATE large SET n = 1",
                    "UPDATE large SET t = reverse(t), n = 2 WHERE id = 1",
                    "UPDATE large SET b = b || '\\x00ff', n = 2 WHERE id = 2");
            move.cutOver(program);
            assertThat(
                            move.onTarget(
                                    "SELECT length(t) >= 100 * 1024 * 1024, length(b) > 60 * 1024 * 1024, n FROM large ORDER BY id"))
                    .containsExactly("t||2", "|t|2");
        }
    }

    /// One empty table; the tests write themselves.
    private record Table(String definition) implements Workload {

        @Override
        public void prepare(ConnectionSource database) throws SQLException {
            try (Connection connection = database.open();
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE " + definition);
            }
        }

        @Override
        public boolean transaction(Connection connection, RandomGenerator random) {
            return false;
        }
    }
}
