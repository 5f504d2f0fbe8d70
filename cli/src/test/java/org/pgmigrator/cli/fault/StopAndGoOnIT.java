package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// What Ctrl+C (INT), TERM and HUP do in each phase, and that `--resume` goes on where they stopped.
class StopAndGoOnIT {

    /// Slow enough that the ballast takes seconds, fast enough for everything else.
    private static final long SLOW = 1_500_000;

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
    void ctrlCDuringTheDumpRemovesEverything() throws Exception {
        try (Move move = pair.move(folder, new Ledger(8))) {
            TcpProxy network = move.sourceProxy();
            network.throttle(SLOW);
            Program program = move.migrate("--copy", "dump");
            move.awaitBallast(program, pair.source(), "pg_dump");
            List<ProcessHandle> children = program.children();
            assertThat(children).isNotEmpty();

            program.signal("INT");
            program.awaitExit(130);

            assertStoppedAndRemoved(move, program, children);
            assertThat(program.err()).contains("STOPPED_BY_INTERRUPT", "nothing was copied to the target");
        }
    }

    @Test
    void ctrlCDuringTheRestoreRemovesEverything() throws Exception {
        try (Move move = pair.move(folder, new Ledger(8))) {
            TcpProxy network = move.targetProxy();
            network.throttle(SLOW);
            Program program = move.migrate("--copy", "dump");
            move.awaitBallast(program, pair.target(), "pg_restore");
            List<ProcessHandle> children = program.children();
            assertThat(children).isNotEmpty();

            program.signal("INT");
            program.awaitExit(130);

            assertStoppedAndRemoved(move, program, children);
            assertThat(program.err()).contains("STOPPED_BY_INTERRUPT", "the target is empty again");
        }
    }

    private static void assertStoppedAndRemoved(Move move, Program program, List<ProcessHandle> children)
            throws Exception {
        assertThat(children).allMatch(Program::hasEnded);
        assertThat(program.temporaryFiles()).isEmpty();
        assertThat(program.errorCount()).isEqualTo(1);
        move.assertNothingOfOursOnTheSource();
        move.assertTargetIsEmpty();
    }

    /// As with a transaction that was in progress for long: its bytes count as reached, its rows are still to come.
    @Test
    void aTargetThatIsFewBytesButLongBehindHasNotCaughtUp() throws Exception {
        try (Move move = pair.move(folder, new Ledger(1))) {
            Program program = move.migrateUntilCaughtUp();
            LockedTable entry = move.lockOnTarget("entry");
            move.writeOnSource("INSERT INTO entry (account, amount) VALUES (1, 1)");
            program.awaitOut("the target fell behind");
            entry.release();
            program.awaitRunning(
                    "it has caught up again",
                    () -> program.out()
                                    .indexOf(
                                            "the target has caught up",
                                            program.out().indexOf("fell behind"))
                            > 0);
            move.cutOver(program);
        }
    }

    @Test
    void ctrlCWhileTheTargetIsBehindDrainsFirst() throws Exception {
        try (Move move = pair.move(folder, new Ledger(1))) {
            Program program = move.migrateUntilCaughtUp();
            LockedTable entry = move.lockOnTarget("entry");
            move.writeOnSource(
                    "INSERT INTO entry (account, amount) SELECT i % 1000 + 1, i FROM generate_series(1, 20000) i");
            program.signal("INT");
            program.awaitOut("cutting over");
            assertThat(move.onTarget("SELECT marker_end_lsn FROM pgmigrator.progress"))
                    .as("no marker has passed: the target is behind")
                    .containsExactly("");

            entry.release();
            program.awaitExit(0);

            move.assertEqual();
            move.assertNothingOfOursOnTheSource();
            assertThat(move.onTarget("SELECT count(*) FROM entry")).containsExactly("20000");
        }
    }

    @Test
    void ctrlCTwiceDuringTheDrainStopsNowAndNamesWhatIsLeft() throws Exception {
        try (Move move = pair.move(folder, new Ledger(1))) {
            Program program = move.migrateUntilCaughtUp();
            LockedTable entry = move.lockOnTarget("entry");
            move.writeOnSource(
                    "INSERT INTO entry (account, amount) SELECT i % 1000 + 1, i FROM generate_series(1, 5000) i");
            program.signal("INT");
            program.awaitOut("cutting over");
            program.signal("INT");
            program.awaitExit(130);
            entry.release();

            assertThat(program.err())
                    .contains(
                            "the source is serving",
                            "--resume",
                            "SELECT pg_drop_replication_slot(slot_name)",
                            "DROP PUBLICATION",
                            "REPLICA IDENTITY DEFAULT",
                            "DROP SCHEMA pgmigrator CASCADE");
            move.assertSlotIsKept();
            move.writeOnSource("INSERT INTO chime VALUES ('serving', 1), ('serving', 1)");

            move.cutOver(move.migrateUntilCaughtUp("--resume"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "HUP"})
    void aSignalThatIsNotCtrlCKeepsSlotAndProgressForResume(String signal) throws Exception {
        Ledger ledger = new Ledger(1);
        try (Move move = pair.move(folder, ledger)) {
            WorkloadRun application = move.write(ledger, 100);
            Program program = move.migrateUntilCaughtUp();
            program.signal(signal);
            program.awaitExit(143);

            assertThat(program.out())
                    .contains(signal + ": stopping in order, without a cutover")
                    .doesNotContain("Cutover:");
            assertThat(program.err()).contains("STOPPED_BY_TERMINATE", "--resume");
            move.assertSlotIsKept();
            assertThat(move.onTarget("SELECT subscription FROM pgmigrator.progress"))
                    .hasSize(1);

            assertThat(application.awaitCommitted(application.committed() + 50, Program.PATIENCE))
                    .isTrue();
            Program resumed = move.migrateUntilCaughtUp("--resume");
            application.stop();
            move.cutOver(resumed);
        }
    }

    @Test
    void ctrlCDuringAnAbortIsAStopAndTheNextAbortCompletesIt() throws Exception {
        try (Move move = pair.move(folder, new Ledger(1));
                Connection holder = pair.source().connect(move.database());
                Statement statement = holder.createStatement()) {
            Program program = move.migrateUntilCaughtUp();
            program.signal("TERM");
            program.awaitExit(143);
            holder.setAutoCommit(false);
            statement.execute("LOCK TABLE chime IN ACCESS SHARE MODE");

            Program abort = move.command("abort", "--yes");
            abort.awaitRunning(
                    "it is at the replica identity, which has to wait",
                    () -> move.onSource("SELECT 1 FROM pg_publication").isEmpty());
            abort.signal("INT");
            abort.awaitExit(130);

            assertThat(abort.err()).contains("STOPPED_BY_INTERRUPT", "Run abort again");
            holder.rollback();
            move.command("abort", "--yes").awaitExit(0);
            move.assertNothingOfOursOnTheSource();
            move.assertTargetIsEmpty();
        }
    }

    @Test
    void termDuringTheCopyLeavesTheSourceCleanAndResumeStartsTheCopyAgain() throws Exception {
        Ledger ledger = new Ledger(8);
        try (Move move = pair.move(folder, ledger)) {
            WorkloadRun application = move.write(ledger, 50);
            TcpProxy network = move.targetProxy();
            network.throttle(SLOW);
            Program program = move.migrate();
            move.awaitBallast(program, pair.target());
            program.signal("TERM");
            program.awaitExit(143);

            move.assertNothingOfOursOnTheSource();
            assertThat(program.temporaryFiles()).isEmpty();
            assertThat(program.err()).contains("the copy starts again");

            network.throttle(0);
            Program resumed = move.migrateUntilCaughtUp("--resume");
            assertThat(resumed.out()).contains("the copy starts again with a new slot", "created, consistent point");
            assertThat(consistentPoint(resumed)).isNotEqualTo(consistentPoint(program));
            application.stop();
            move.cutOver(resumed);
        }
    }

    private static String consistentPoint(Program program) {
        return program.out()
                .lines()
                .filter(line -> line.contains("consistent point"))
                .findFirst()
                .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .orElseThrow();
    }
}
