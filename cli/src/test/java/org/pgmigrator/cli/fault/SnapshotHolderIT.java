package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// What is complete of a copy is kept as long as its snapshot is alive, and after the last row without it; rows are
/// never
/// read under any other snapshot.
class SnapshotHolderIT {

    private static final long SLOW = 1_500_000;
    private static final Ledger LEDGER = new Ledger(8);

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

    /// A copy that is at its last part, the ballast, with an application that goes on writing.
    private static Program atTheBallast(Move move, TcpProxy network, String... options) {
        network.throttle(SLOW);
        Program program = move.migrate(options);
        program.awaitRunning(
                "every part but the ballast is complete",
                () -> move.onTarget("SELECT to_regclass('pgmigrator.copy_part') IS NOT NULL")
                                .contains("t")
                        && move.onTarget("SELECT count(*), count(done_at) FROM pgmigrator.copy_part")
                                .contains("4|3"));
        return program;
    }

    private static Program holder(Move move) {
        return move.command("snapshot-holder").awaitOut("holding the snapshot");
    }

    /// The transactions that have written the rows of the table without a key, each with their number.
    private static String writersOfChime(Move move) throws SQLException {
        return move.onTarget("SELECT xmin, count(*) FROM chime GROUP BY 1").getFirst();
    }

    @Test
    void killedAmongTheRowsItKeepsCompleteTablesWhereAHolderHasTheSnapshot() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, 50);
            Program holder = move.command("snapshot-holder");
            TcpProxy network = move.targetProxy();
            Program program = atTheBallast(move, network);
            holder.awaitOut("holding the snapshot");
            String written = writersOfChime(move);
            program.kill();
            assertThat(move.command("status").awaitExit(0).out())
                    .contains("held by snapshot-holder", "goes on with the copy", "3 of 4 parts of the rows are kept");
            withoutItsObserver(move, holder);

            network.throttle(0);
            Program resumed = move.migrateUntilCaughtUp("--resume");
            assertThat(resumed.out())
                    .contains("going on with the copy", "3 of 4 parts of the rows are kept")
                    .doesNotContain("new slot");
            assertThat(move.onTarget("SELECT xmin, count(*) FROM chime GROUP BY 1"))
                    .as("the rows of a complete table were not written again")
                    .contains(written);
            holder.awaitExit(0);
            application.stop();
            move.cutOver(resumed);
        }
    }

    /// The session beside the snapshot's is lost, and for a while none can be made anew.
    private static void withoutItsObserver(Move move, Program holder) throws SQLException {
        pair.source()
                .execute(
                        "postgres",
                        "ALTER DATABASE " + move.database() + " ALLOW_CONNECTIONS false",
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + move.database()
                                + "' AND application_name LIKE 'pg-migrator observe%'");
        holder.awaitRunning(
                "it tells that the source cannot be asked",
                () -> (holder.out() + holder.err()).contains("cannot be asked"));
        pair.source().execute("postgres", "ALTER DATABASE " + move.database() + " ALLOW_CONNECTIONS true");
        holder.awaitOut("can be asked about the slot again");
    }

    @Test
    void withoutItsHolderTheCopyStartsAgainFromANewSlotAndSaysSo() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, 50);
            TcpProxy network = move.targetProxy();
            Program program = atTheBallast(move, network);
            Program holder = holder(move);
            program.kill();
            holder.kill();
            assertThat(move.command("status").awaitExit(0).out()).contains("starts the copy again, with a new slot");

            network.throttle(0);
            Program resumed = move.migrateUntilCaughtUp("--resume");
            assertThat(resumed.out()).contains("the copy starts again with a new slot", "snapshot");
            application.stop();
            move.cutOver(resumed);
        }
    }

    @Test
    void rowsAreCopiedUnderNoOtherSnapshotThanTheSlots() throws Exception {
        try (Move move = pair.move(folder, LEDGER);
                Connection foreign = pair.source().connect(move.database());
                Statement statement = foreign.createStatement()) {
            WorkloadRun application = move.write(LEDGER, 50);
            TcpProxy network = move.targetProxy();
            Program program = atTheBallast(move, network);
            Program holder = holder(move);
            program.kill();
            assertThat(application.awaitCommitted(application.committed() + 20, Program.PATIENCE))
                    .isTrue();
            foreign.setAutoCommit(false);
            foreign.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            pair.target()
                    .execute(
                            move.database(),
                            "SET default_transaction_read_only = off",
                            "UPDATE pgmigrator.snapshot_holder SET snapshot = '" + exported(statement) + "'");

            Program resumed = move.migrate("--resume");
            holder.awaitRunning(
                    "it holds the snapshot of the new slot",
                    () -> holder.out().split("holding the snapshot", -1).length == 3);
            network.throttle(0);
            resumed.awaitOut("the target has caught up");
            assertThat(resumed.out())
                    .contains("is not the one that belongs to the slot", "the copy starts again with a new slot");
            foreign.rollback();
            holder.awaitExit(0);
            application.stop();
            move.cutOver(resumed);
        }
    }

    private static String exported(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery("SELECT pg_export_snapshot()")) {
            row.next();
            return row.getString(1);
        }
    }

    @Test
    void termKeepsACopyWhoseSnapshotIsHeldAndAbortEndsTheHolder() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            TcpProxy network = move.targetProxy();
            Program program = atTheBallast(move, network);
            Program holder = holder(move);
            program.signal("TERM");
            program.awaitExit(143);
            assertThat(program.err()).contains("the copy is kept", "held by snapshot-holder", "--resume");
            move.assertSlotIsKept();

            move.command("abort", "--yes").awaitExit(0);
            holder.awaitExit(0);
            move.assertNothingOfOursOnTheSource();
            move.assertTargetIsEmpty();
        }
    }

    @Test
    void ctrlCRemovesTheCopyAlsoWhereItsSnapshotIsHeld() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            TcpProxy network = move.targetProxy();
            Program program = atTheBallast(move, network);
            Program holder = holder(move);
            program.signal("INT");
            program.awaitExit(130);
            holder.awaitExit(0);
            move.assertNothingOfOursOnTheSource();
            move.assertTargetIsEmpty();
        }
    }

    @Test
    void killedAmongTheIndexesItKeepsRowsAndIndexesWithoutAnyHolder() throws Exception {
        try (Move move = pair.move(folder, new Ledger(1))) {
            // An index that takes its time on the target alone.
            move.writeOnSource(
                    "CREATE FUNCTION slowly(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN"
                            + " PERFORM pg_catalog.pg_sleep(CASE WHEN pg_catalog.inet_server_port() = "
                            + pair.target().port() + " THEN 0.002 ELSE 0 END); RETURN i; END $$",
                    "CREATE INDEX slow ON account (slowly(id))");
            WorkloadRun application = move.write(LEDGER, 50);
            Program program = move.migrate();
            program.awaitRunning(
                    "one index is complete, another under way",
                    () -> !move.onTarget("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('ballast_pkey')")
                                    .isEmpty()
                            && !move.onTarget("SELECT 1 FROM pg_stat_activity WHERE state = 'active'"
                                            + " AND query LIKE 'CREATE INDEX slow%'")
                                    .isEmpty());
            String keptIndex =
                    move.onTarget("SELECT 'ballast_pkey'::regclass::oid").getFirst();
            String keptRows = writersOfChime(move);
            program.kill();
            assertThat(move.command("status").awaitExit(0).out())
                    .contains("goes on with the copy where it was cut off: the rows are complete");

            Program resumed = move.migrateUntilCaughtUp("--resume");
            assertThat(resumed.out())
                    .contains("going on with the copy", "the rows are complete")
                    .doesNotContain("new slot");
            assertThat(move.onTarget("SELECT 'ballast_pkey'::regclass::oid")).containsExactly(keptIndex);
            assertThat(move.onTarget("SELECT xmin, count(*) FROM chime GROUP BY 1"))
                    .contains(keptRows);
            assertThat(move.onTarget("SELECT indisvalid FROM pg_index WHERE indexrelid = 'slow'::regclass"))
                    .containsExactly("t");
            application.stop();
            move.cutOver(resumed);
        }
    }
}
