package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.ServerSpec;

/// What the slot keeps on the source is watched: a warning comes before each limit, a lost slot ends the migration at
/// once, and the operator's own limit ends it before the disk is full.
class SlotGuardIT {

    private static final Ledger LEDGER = new Ledger(1);
    private static final long SLOW = 1_000_000;

    private static Pair pair;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        pair = Pair.start(
                ServerSpec.of(15)
                        .setting("wal_keep_size", "0")
                        .setting("min_wal_size", "32MB")
                        .setting("max_wal_size", "1GB"),
                ServerSpec.of(17));
    }

    @AfterAll
    static void stop() {
        pair.close();
    }

    @BeforeEach
    void withoutLimit() throws SQLException {
        keepSize("-1");
    }

    private static void keepSize(String size) throws SQLException {
        pair.source()
                .execute(
                        "postgres",
                        "ALTER SYSTEM SET max_slot_wal_keep_size = '" + size + "'",
                        "SELECT pg_reload_conf()");
    }

    /// WAL of another database, which the slot keeps all the same.
    private static void write(int megabytes) throws SQLException {
        pair.source()
                .execute(
                        "postgres",
                        "SELECT count(pg_logical_emit_message(false, 'noise', repeat('x', 1048576))) FROM"
                                + " generate_series(1, " + megabytes + ")");
    }

    /// The slot keeps everything from now on.
    private static LockedTable block(Move move) throws SQLException {
        LockedTable entry = move.lockOnTarget("entry");
        move.writeOnSource("INSERT INTO entry (account, amount) VALUES (1, 1)");
        return entry;
    }

    @Test
    void aSlotThatTheSourceTakesIsWarnedOfBeforeAndThenEndsTheStreamAtOnce() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            Program program = move.migrateUntilCaughtUp("--max-outage", "10m");
            keepSize("64MB");
            LockedTable entry = block(move);
            write(40);
            program.awaitOut("max_slot_wal_keep_size (64MB) of the source; then the source invalidates the slot");
            assertThat(program.out()).contains("It was confirmed up to", "SET max_slot_wal_keep_size = -1");
            write(60);
            program.awaitOut("of WAL: that is beyond max_slot_wal_keep_size");
            pair.source().execute("postgres", "CHECKPOINT");
            entry.release();
            program.awaitExit(5);

            assertThat(program.errorCount()).as(program::told).isEqualTo(1);
            assertThat(program.err())
                    .contains(
                            "error SLOT_INVALIDATED",
                            "wal_status=lost, max_slot_wal_keep_size=64MB",
                            "the source is serving as before",
                            "nothing can bring it up to date",
                            "--spool-dir",
                            "pg-migrator abort");
            assertThat(move.command("status").awaitExit(0).out()).contains("LOST", "Safe to cut over: NO");

            // What it says is to be done.
            move.command("abort", "--yes").awaitExit(0);
            move.assertNothingOfOursOnTheSource();
            move.assertTargetIsEmpty();
        }
    }

    @Test
    void aSlotThatIsLostDuringTheCopyEndsTheCopyAndEverythingIsUndone() throws Exception {
        try (Move move = pair.move(folder, new Ledger(8))) {
            TcpProxy network = move.targetProxy();
            network.throttle(SLOW);
            keepSize("64MB");
            Program program = move.migrate();
            move.awaitBallast(program, pair.target());
            write(50);
            program.awaitOut("Nothing is confirmed while the copy runs without --spool-dir.");
            write(60);
            pair.source().execute("postgres", "CHECKPOINT");
            program.awaitOut("removing what was created");
            network.throttle(0);
            program.awaitExit(5);

            assertThat(program.err())
                    .contains("error SLOT_INVALIDATED", "the target is empty again", "run the same command again");
            move.assertNothingOfOursOnTheSource();
            move.assertTargetIsEmpty();
        }
    }

    @Test
    void atTheOperatorsLimitTheSlotIsKeptForAResumeAndThePinningTransactionNamed() throws Exception {
        try (Move move = pair.move(folder, LEDGER);
                Connection application = pair.source().connect(move.database());
                Statement statement = application.createStatement()) {
            Program program = move.migrateUntilCaughtUp("--max-slot-retained", "64MB");
            application.setAutoCommit(false);
            statement.execute("INSERT INTO entry (account, amount) VALUES (7, 7)");
            write(40);
            program.awaitOut("then the migration stops, and the slot is kept.");
            program.awaitRunning(
                    "it is confirmed, and kept all the same",
                    () -> move.onSource("SELECT confirmed_flush_lsn - restart_lsn > 35000000 FROM pg_replication_slots"
                                    + " WHERE database = current_database()")
                            .equals(List.of("t")));
            assertThat(move.command("status").awaitExit(0).out())
                    .contains(
                            "are kept although confirmed, until this transaction ends: backend " + backend(statement));
            write(40);
            program.awaitExit(5);

            assertThat(program.err())
                    .contains(
                            "error SLOT_RETAINS_TOO_MUCH",
                            "--max-slot-retained (64.0 MB)",
                            "backend " + backend(statement) + " of postgres on database \"" + move.database() + "\"",
                            "idle in transaction",
                            "goes on holding back WAL",
                            "--resume and a larger --max-slot-retained");
            move.assertSlotIsKept();

            application.commit();
            move.cutOver(move.migrateUntilCaughtUp("--resume", "--max-slot-retained", "1GB"));
            assertThat(move.onTarget("SELECT amount FROM entry WHERE account = 7"))
                    .containsExactly("7");
        }
    }

    private static String backend(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery("SELECT pg_backend_pid()")) {
            row.next();
            return row.getString(1);
        }
    }

    @Test
    void atTheOperatorsLimitTheSlotIsDroppedIfThatIsWanted() throws Exception {
        try (Move move = pair.move(folder, LEDGER);
                Connection application = pair.source().connect(move.database());
                Statement statement = application.createStatement()) {
            Program program =
                    move.migrateUntilCaughtUp("--max-slot-retained", "64MB", "--at-max-slot-retained", "drop");
            application.setAutoCommit(false);
            statement.execute("INSERT INTO entry (account, amount) VALUES (7, 7)");
            write(80);
            program.awaitExit(5);
            application.commit();

            assertThat(program.err())
                    .contains(
                            "error SLOT_RETAINS_TOO_MUCH",
                            "has nothing of ours left: the slot was dropped",
                            "The copy must start again: pg-migrator abort");
            move.assertNothingOfOursOnTheSource();
            assertThat(move.migrate("--resume").awaitExit(5).err()).contains("error SLOT_MISSING", "pg-migrator abort");
        }
    }

    @Test
    void theOperatorsLimitHoldsWhileTheTargetIsAway() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            Program program = move.migrateUntilCaughtUp(
                    "--max-outage", "10m", "--max-slot-retained", "64MB", "--at-max-slot-retained", "drop");
            pair.target().kill();
            try {
                program.awaitOut("Attempt 1 to go on");
                write(80);
                program.awaitExit(5);
                assertThat(move.onSource("SELECT slot_name FROM pg_replication_slots"))
                        .isEmpty();
                assertThat(program.err()).contains("error SLOT_RETAINS_TOO_MUCH", "the slot was dropped");
            } finally {
                pair.target().start();
            }
            move.command("abort", "--yes").awaitExit(0);
            move.assertNothingOfOursOnTheSource();
        }
    }

    @Test
    void duringTheCopyTheOperatorsLimitUndoesIt() throws Exception {
        try (Move move = pair.move(folder, new Ledger(8))) {
            TcpProxy network = move.targetProxy();
            network.throttle(SLOW);
            Program program = move.migrate("--max-slot-retained", "64MB");
            move.awaitBallast(program, pair.target());
            write(80);
            program.awaitOut("removing what was created");
            network.throttle(0);
            program.awaitExit(5);

            assertThat(program.err()).contains("error SLOT_RETAINS_TOO_MUCH", "the target is empty again");
            move.assertNothingOfOursOnTheSource();
            move.assertTargetIsEmpty();
        }
    }
}
