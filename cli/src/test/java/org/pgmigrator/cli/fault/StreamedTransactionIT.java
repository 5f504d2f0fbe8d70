package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// With a spool, large transactions come while they are in progress: what was rolled back of them never arrives, what
/// dies meanwhile loses and doubles nothing, and neither side holds them in memory.
///
/// `-Dpgmigrator.rows=5000000` makes the transaction with the thousand savepoints that large.
class StreamedTransactionIT {

    private static final Ledger LEDGER = new Ledger(1);
    private static final int SAVEPOINTS = 1_000;
    private static final long ROWS = Long.getLong("pgmigrator.rows", 60_000);
    private static final Duration LONG = Duration.ofMinutes(14);

    private static Pair pair;

    @TempDir
    private Path folder;

    private Path spool;

    @BeforeAll
    static void start() {
        pair = Pair.start(ServerSpec.of(15).setting("logical_decoding_work_mem", "64kB"), ServerSpec.of(17));
    }

    @AfterAll
    static void stop() {
        pair.close();
    }

    @BeforeEach
    void name() {
        spool = folder.resolve("spool");
    }

    private Move spooled(Move move) {
        return move.environment("PG_MIGRATOR_SPOOL_DIR", spool.toString());
    }

    private List<Path> inProgress() throws IOException {
        try (Stream<Path> files = Files.list(spool)) {
            return files.filter(file -> file.getFileName().toString().matches("transaction-.*new"))
                    .toList();
        }
    }

    @Test
    void transactionsThatEndInAnotherOrderThanTheyBeganSurviveEveryKill() throws Exception {
        try (Move move = spooled(pair.move(folder, LEDGER));
                Application first = new Application(move.database());
                Application second = new Application(move.database());
                Application third = new Application(move.database())) {
            WorkloadRun others = move.write(LEDGER, 50);
            Program program = move.migrateUntilCaughtUp();
            first.rings(2_000)
                    .does("SAVEPOINT a")
                    .rings(1_500)
                    .does("SAVEPOINT b")
                    .rings(1_500);
            second.rings(3_000);
            third.rings(3_000);
            awaitInProgress(program, 3);
            first.does("RELEASE b").rings(1_000).does("ROLLBACK TO a").rings(700);
            awaitInProgress(program, 3);
            program.kill();

            program = move.migrate("--resume").awaitOut("going on with the stream");
            awaitInProgress(program, 3);
            second.rings(1_000).does("COMMIT");
            LockedTable locked = move.lockOnTarget("chime");
            third.does("ROLLBACK");
            first.rings(800).does("COMMIT");
            awaitInProgress(program, 0);
            String end = move.onSource("SELECT pg_current_wal_flush_lsn()").getFirst();
            program.awaitRunning(
                    "it is confirmed before the target has it",
                    () -> move.onSource("SELECT confirmed_flush_lsn >= '" + end + "' FROM pg_replication_slots"
                                    + " WHERE slot_name = '" + move.database() + "'")
                            .equals(List.of("t")));
            program.kill();
            locked.release();

            program = move.migrate("--resume").awaitOut("going on with the spool in " + spool);
            program.awaitOut("the target has caught up");
            others.stop();
            move.cutOver(program);
            assertThat(move.onTarget("SELECT amount, count(*) FROM chime WHERE what = 'rung' GROUP BY 1 ORDER BY 1"))
                    .as("each client's rows")
                    .containsExactly(first.client + "|3500", second.client + "|4000");
            try (Stream<Path> files = Files.list(spool)) {
                assertThat(files).isEmpty();
            }
        }
    }

    private void awaitInProgress(Program program, int transactions) {
        program.awaitRunning(
                transactions + " transactions in progress are in the spool",
                () -> inProgress().size() == transactions);
    }

    @Test
    void whatTheServerCannotSendWhileItIsInProgressComesAfterItsCommit() throws Exception {
        try (Move move = spooled(pair.move(folder, LEDGER));
                Application application = new Application(move.database())) {
            Program program = move.migrateUntilCaughtUp();
            // After this the server says "could not map filenode", each time that it streams it.
            application
                    .does("TRUNCATE chime")
                    .does("SAVEPOINT a")
                    .does("TRUNCATE chime")
                    .rings(2_000)
                    .does("ROLLBACK TO a")
                    .rings(2_000)
                    .does("TRUNCATE chime")
                    .rings(3_000)
                    .does("COMMIT");
            program.awaitOut("the source could not send a transaction in progress");
            move.cutOver(program);
            assertThat(move.onTarget("SELECT count(*) FROM chime")).containsExactly("3000");
        }
    }

    @Test
    void aTransactionThatIsLargerThanTheSpoolsDiskComesPastIt() throws Exception {
        Files.createDirectory(spool);
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", spool.toString()))
                .as("this user may mount a disk")
                .isZero();
        try (Move move = spooled(pair.move(folder, LEDGER));
                Application large = new Application(move.database())) {
            WorkloadRun others = move.write(LEDGER, 50);
            Program program = move.migrateUntilCaughtUp("--max-outage", "2m");
            large.does("INSERT INTO chime SELECT md5(i::text) || md5((-i)::text), 7 FROM generate_series(1, 150000) i");
            program.awaitOut("has no room for transactions in progress");
            program.awaitRunning("it is received again", () -> inProgress().isEmpty());
            LockedTable locked = move.lockOnTarget("chime");
            large.does("COMMIT");
            program.awaitOut("nothing more is received until the target has what is there");
            Thread.sleep(1_500);
            assertThat(program.out()).as("the applier is left alone").doesNotContain("Attempt 1");
            locked.release();
            program.awaitOut("the spool's disk cannot hold");
            program.awaitOut("the stream goes on where the target is");
            others.stop();
            move.cutOver(program);
            assertThat(move.onTarget("SELECT count(*) FROM chime WHERE amount = 7"))
                    .containsExactly("150000");
            assertThat(program.out()).contains("go straight to the target from now on, past the spool");
        } finally {
            assertThat(run("umount", spool.toString())).isZero();
        }
    }

    private static int run(String... command) throws Exception {
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    @ParameterizedTest
    @ValueSource(strings = {"on", "off"})
    void aTransactionWithAThousandSavepointsPassesThroughAHeapOf256Megabytes(String use) throws Exception {
        try (Move move = spooled(pair.move(folder, LEDGER)).heap("256m");
                Application application = new Application(move.database())) {
            Program program = move.migrateUntilCaughtUp("--spool", use);
            long began = System.nanoTime();
            for (int i = 0; i < SAVEPOINTS; i++) {
                application.does("SAVEPOINT s").rings(ROWS / SAVEPOINTS);
                application.does(i % 3 == 0 ? "ROLLBACK TO s" : "RELEASE s");
            }
            long written = seconds(began);
            if (use.equals("off")) {
                // What it is compared with: the walsender may be behind.
                await().atMost(LONG).until(() -> spilled(move) > ROWS * 50);
            }
            long spilled = spilled(move);
            application.does("COMMIT");
            String end = move.onSource("SELECT pg_current_wal_insert_lsn()").getFirst();
            await().atMost(LONG)
                    .pollInterval(Duration.ofMillis(200))
                    .failFast(() ->
                            assertThat(program.isAlive()).as(program::told).isTrue())
                    .until(() -> move.onTarget("SELECT min(applied_end_lsn) >= '" + end
                                    + "' OR max(confirmed_upto) >= '" + end + "' FROM pgmigrator.progress")
                            .equals(List.of("t")));
            System.out.printf(
                    "rows=%d spool=%s written=%ds applied=%ds spilled on the source=%d bytes, %s; peak of the program: %s%n",
                    ROWS, use, written, seconds(began) - written, spilled, statistics(move), peak(program));
            if (use.equals("on")) {
                assertThat(spilled)
                        .as("kept in the slot's folder on the source")
                        .isLessThan(1 << 20);
                assertThat(statistics(move)).startsWith("streamed 1 transactions");
            }
            move.cutOver(program);
            long kept = ROWS / SAVEPOINTS * (SAVEPOINTS - (SAVEPOINTS + 2) / 3);
            assertThat(move.onTarget("SELECT count(*) FROM chime WHERE what = 'rung'"))
                    .containsExactly(Long.toString(kept));
        }
    }

    private static long seconds(long since) {
        return Duration.ofNanos(System.nanoTime() - since).toSeconds();
    }

    private static long spilled(Move move) throws SQLException {
        return Long.parseLong(
                move.onSource("SELECT coalesce(sum(size), 0) FROM pg_ls_replslotdir('" + move.database() + "')")
                        .getFirst());
    }

    private static String statistics(Move move) throws SQLException {
        return move.onSource("SELECT format('streamed %s transactions, %s bytes; spilled %s bytes', stream_txns,"
                        + " stream_bytes, spill_bytes) FROM pg_stat_replication_slots WHERE slot_name = '"
                        + move.database() + "'")
                .getFirst();
    }

    private static String peak(Program program) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + program.pid() + "/status")).stream()
                .filter(line -> line.startsWith("VmHWM"))
                .findFirst()
                .orElse("");
    }

    /// One session of the source with a transaction of its own.
    private static final class Application implements AutoCloseable {
        private static final AtomicInteger NUMBER = new AtomicInteger();

        private final Connection connection;
        private final Statement statement;
        private final int client = NUMBER.incrementAndGet();

        Application(String database) throws SQLException {
            connection = pair.source().connect(database);
            connection.setAutoCommit(false);
            statement = connection.createStatement();
        }

        Application rings(long rows) throws SQLException {
            statement.execute("INSERT INTO chime SELECT 'rung', " + client + " FROM generate_series(1, " + rows + ")");
            return this;
        }

        Application does(String sql) throws SQLException {
            statement.execute(sql);
            return this;
        }

        @Override
        public void close() throws SQLException {
            connection.close();
        }
    }
}
