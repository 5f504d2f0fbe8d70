package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.sandbox.server.ServerSpec;

/// Which positions count: the ends of whole transactions that the target has, in the order of their commits. Everything
/// else that looks like progress (a keepalive, a beginning, a half, a number that somebody has assigned) does not.
class PositionIT {

    private static final Ledger LEDGER = new Ledger(1);
    private static final String NEIGHBOUR = "neighbour";

    private static Pair pair;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() throws SQLException {
        // Many keepalives in a few seconds.
        pair = Pair.start(ServerSpec.of(15).setting("wal_sender_timeout", "2s"), ServerSpec.of(17));
        pair.source().createDatabase(NEIGHBOUR);
        pair.source().execute(NEIGHBOUR, "CREATE TABLE busy (filler text)");
    }

    @AfterAll
    static void stop() {
        pair.close();
    }

    private static Connection begin(Move move) throws SQLException {
        Connection session = pair.source().connect(move.database());
        session.setAutoCommit(false);
        return session;
    }

    private static void run(Connection session, String sql) throws SQLException {
        try (Statement statement = session.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long confirmed(Move move) throws SQLException {
        return number(move.onSource("SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots WHERE slot_name = '"
                        + move.database() + "'")
                .getFirst());
    }

    private static long written(Move move) throws SQLException {
        return number(
                move.onSource("SELECT pg_current_wal_insert_lsn() - '0/0'").getFirst());
    }

    private static long number(String text) {
        return Long.parseLong(text);
    }

    private static void onTarget(Move move, String query, String expected) {
        await().alias(query)
                .atMost(Program.PATIENCE)
                .until(() -> move.onTarget(query).getFirst().equals(expected));
    }

    /// The later commit is the earlier beginning, and the program dies between the two.
    @Test
    void transactionsThatCommitInAnotherOrderThanTheyBeganAllArriveThroughAKill() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            Program program = move.migrateUntilCaughtUp();
            try (Connection first = begin(move);
                    Connection second = begin(move)) {
                run(first, "INSERT INTO chime VALUES ('began first', 1)");
                run(second, "INSERT INTO chime VALUES ('began second', 1)");
                run(first, "UPDATE account SET note = 'by the first' WHERE id = 1");
                second.commit();
                onTarget(move, "SELECT count(*) FROM chime WHERE what = 'began second'", "1");
                await().until(() -> confirmed(move) > 0);
                program.kill();
                first.commit();
            }
            Program resumed = move.migrateUntilCaughtUp("--resume");
            onTarget(move, "SELECT count(*) FROM chime WHERE what LIKE 'began%'", "2");
            move.cutOver(resumed);
        }
    }

    /// A blocked target, an idle database, a busy neighbour: the walsender says again and again how far it is.
    @Test
    void nothingIsConfirmedThatTheTargetDoesNotHaveHoweverManyKeepalivesCome() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            Program program = move.migrateUntilCaughtUp();
            LockedTable locked = move.lockOnTarget("chime");
            move.writeOnSource("INSERT INTO chime VALUES ('waits', 1)");
            long committed = written(move);
            long until = System.nanoTime() + Duration.ofSeconds(6).toNanos();
            while (System.nanoTime() < until) {
                pair.source().execute(NEIGHBOUR, "INSERT INTO busy SELECT md5(i::text) FROM generate_series(1, 500) i");
                assertThat(confirmed(move)).isLessThan(committed);
                Thread.sleep(50);
            }
            assertThat(written(move)).isGreaterThan(committed + 1_000_000);
            assertThat(program.isAlive()).as(program::told).isTrue();
            program.kill();
            locked.release();

            Program resumed = move.migrateUntilCaughtUp("--resume");
            onTarget(move, "SELECT count(*) FROM chime WHERE what = 'waits'", "1");
            move.cutOver(resumed);
        }
    }

    /// All its changes share their positions in bunches (COPY), and a part of them is on the target when it is cut off.
    @Test
    void aTransactionThatWasCutOffInItsMiddleIsAppliedWholeAndOnce() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            Program program = move.migrateUntilCaughtUp();
            LockedTable locked = move.lockOnTarget("ballast");
            move.writeOnSource("BEGIN; INSERT INTO chime SELECT 'many', i % 7 FROM generate_series(1, 400000) i;"
                    + " UPDATE ballast SET filler = 'late' WHERE id = 1; COMMIT");
            program.awaitRunning(
                    "its first part is written, and the rest waits",
                    () -> !move.onTarget(
                                    "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'pg-migrator apply%'"
                                            + " AND wait_event_type = 'Lock' AND backend_xid IS NOT NULL")
                            .isEmpty());
            program.kill();
            locked.release();
            onTarget(move, "SELECT count(*) FROM chime WHERE what = 'many'", "0");

            Program resumed = move.migrateUntilCaughtUp("--resume");
            onTarget(move, "SELECT count(*) FROM chime WHERE what = 'many'", "400000");
            move.cutOver(resumed);
        }
    }

    /// The drain is asked for, and does not come to its end: what the state says of it is what the target has.
    @Test
    void aCutoverThatWasKilledInItsDrainHasLeftNoPositionThatTheTargetHasNot() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            Program program = move.migrateUntilCaughtUp();
            LockedTable locked = move.lockOnTarget("chime");
            move.writeOnSource("INSERT INTO chime VALUES ('drained', 1)");
            long committed = written(move);
            program.signal("INT");
            program.awaitOut("Cutover");
            Thread.sleep(1_000);
            program.kill();
            locked.release();
            assertThat(number(move.onTarget("SELECT max(applied_end_lsn) - '0/0' FROM pgmigrator.progress")
                            .getFirst()))
                    .isLessThan(committed);

            Program resumed = move.migrateUntilCaughtUp("--resume");
            onTarget(move, "SELECT count(*) FROM chime WHERE what = 'drained'", "1");
            move.cutOver(resumed);
        }
    }

    /// Stored nowhere but in the catalogue, and part of the old row that the target is asked for.
    @Test
    void aColumnWhoseDefaultWasNeverWrittenIsFoundByTheWholeOldRow() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            move.writeOnSource(
                    "ALTER TABLE chime ADD COLUMN added int DEFAULT 42",
                    "ALTER TABLE chime ADD COLUMN empty text",
                    "INSERT INTO chime (what, amount) VALUES ('after', 1)");
            Program program = move.migrateUntilCaughtUp();
            move.writeOnSource(
                    "UPDATE chime SET amount = -1 WHERE ctid = (SELECT min(ctid) FROM chime)",
                    "DELETE FROM chime WHERE ctid = (SELECT min(ctid) FROM chime WHERE what = 'ding')",
                    "UPDATE chime SET added = 43 WHERE what = 'after'");
            move.cutOver(program);
        }
    }
}
