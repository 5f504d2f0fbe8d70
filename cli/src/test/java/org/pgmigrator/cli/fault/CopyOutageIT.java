package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// A copy goes through losses of its sessions within the same process: what is complete is not copied again as long as
/// the snapshot is alive, and without it the copy starts again by itself.
class CopyOutageIT {

    private static final long SLOW = 2_000_000;
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

    private static Program atTheBallast(Move move, TcpProxy network) {
        network.throttle(SLOW);
        Program program = move.migrate("--max-outage", "120");
        program.awaitRunning(
                "every part but the ballast is complete",
                () -> move.onTarget("SELECT to_regclass('pgmigrator.copy_part') IS NOT NULL")
                                .contains("t")
                        && move.onTarget("SELECT count(*), count(done_at) FROM pgmigrator.copy_part")
                                .contains("4|3"));
        move.awaitBallast(program, pair.target());
        return program;
    }

    @Test
    void whenTheTargetCrashesAmongTheRowsCompleteTablesAreKept() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, 50);
            TcpProxy network = move.targetProxy();
            Program program = atTheBallast(move, network);
            String written =
                    move.onTarget("SELECT xmin, count(*) FROM chime GROUP BY 1").getFirst();
            pair.target().kill();
            try {
                program.awaitOut("connection lost");
                network.throttle(0);
            } finally {
                pair.target().start();
            }
            program.awaitOut("the target has caught up");
            assertThat(program.out()).doesNotContain("new slot");
            assertThat(move.onTarget("SELECT xmin, count(*) FROM chime GROUP BY 1"))
                    .contains(written);
            application.stop();
            move.cutOver(program);
        }
    }

    @Test
    void whatAnotherProcessHasCompletedMeanwhileIsNotTouched() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            TcpProxy toSource = move.sourceProxy();
            TcpProxy toTarget = move.targetProxy();
            Program first = atTheBallast(move, toTarget);
            for (TcpProxy network : List.of(toSource, toTarget)) {
                network.refuse(true);
                network.cut();
            }
            first.awaitOut("connection lost");
            completeElsewhere(move);

            toTarget.throttle(0);
            toTarget.refuse(false);
            first.awaitExit(6);
            assertThat(first.err()).contains("OVERTAKEN", "it was completed or aborted", "has touched nothing since");
            assertCompletedElsewhere(move);
        }
    }

    @Test
    void withoutAnswerOfTheTargetNothingIsTakenForItsOwn() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            TcpProxy network = move.targetProxy();
            Program first = atTheBallast(move, network);
            network.refuse(true);
            network.cut();
            first.awaitOut("connection lost");
            completeElsewhere(move);

            first.awaitExit(5);
            assertThat(first.err())
                    .contains("SLOT_MISSING", "another pg-migrator may have gone on with", "pg-migrator status");
            assertCompletedElsewhere(move);
        }
    }

    private static void completeElsewhere(Move move) throws Exception {
        move.environment("PG_MIGRATOR_SOURCE", pair.source().uri(move.database()))
                .environment("PG_MIGRATOR_TARGET", pair.target().uri(move.database()))
                .migrate("--resume", "--cutover-when", "caught-up")
                .awaitExit(0);
        pair.target().execute(move.database(), "CREATE TABLE of_the_application AS SELECT 1 AS id");
    }

    private static void assertCompletedElsewhere(Move move) throws Exception {
        assertThat(move.onTarget("SELECT id FROM of_the_application")).containsExactly("1");
        pair.target().execute(move.database(), "DROP TABLE of_the_application");
        move.assertEqual();
    }

    @Test
    void aSessionOfTheCopyThatIsEndedIsMadeAnew() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, 50);
            TcpProxy network = move.targetProxy();
            Program program = atTheBallast(move, network);
            for (EmbeddedServer server : new EmbeddedServer[] {pair.source(), pair.target()}) {
                program.awaitRunning(
                        "a session of the copy is ended",
                        () -> server.rows(
                                        move.database(),
                                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                                                + " current_database() AND query ILIKE 'COPY %ballast%'")
                                .contains("t"));
            }
            network.throttle(0);
            program.awaitOut("the target has caught up");
            assertThat(program.out()).contains("connection lost").doesNotContain("new slot");
            application.stop();
            move.cutOver(program);
        }
    }

    @Test
    void whenTheSourceIsAwayWhileWhatTheCopyMadeIsTakenBackThatIsTriedAgain() throws Exception {
        Path paused = folder.resolve("paused");
        try (Move move = pair.move(folder, LEDGER)) {
            move.environment("PG_MIGRATOR_TEST_FAULT", FaultPoint.COPY_FORGOTTEN + ":pause=" + paused);
            TcpProxy network = move.targetProxy();
            Program program = atTheBallast(move, network);
            network.throttle(0);
            pair.source().kill();
            pair.source().start();
            program.awaitRunning("the copy is to start again", () -> Files.exists(paused));
            pair.source().kill();
            try {
                Files.delete(paused);
                program.awaitOut("connection lost: No session with the source");
            } finally {
                pair.source().start();
            }
            program.awaitOut("the target has caught up");
            assertThat(program.errorCount()).as(program::told).isZero();
            move.cutOver(program);
        }
    }

    @Test
    void withoutItsSnapshotTheCopyStartsAgainByItselfAndSaysSo() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, 50);
            TcpProxy network = move.targetProxy();
            Program program = atTheBallast(move, network);
            network.throttle(0);
            pair.source().kill();
            try {
                program.awaitOut("connection lost");
            } finally {
                pair.source().start();
            }
            program.awaitOut("the target has caught up");
            assertThat(program.out()).contains("the copy starts again with a new slot");
            application.stop();
            move.cutOver(program);
        }
    }

    @Test
    void withEveryRowCopiedAnOutageThatIsTooLongLeavesTheCopyToBeGoneOnWith() throws Exception {
        Path paused = folder.resolve("paused");
        try (Move move = pair.move(folder, LEDGER)) {
            TcpProxy network = move.targetProxy();
            Program first = move.environment("PG_MIGRATOR_TEST_FAULT", FaultPoint.INDEXES_COPIED + ":pause=" + paused)
                    .migrate();
            first.awaitRunning("the indexes are there", () -> Files.exists(paused));
            network.refuse(true);
            network.cut();
            Files.delete(paused);
            first.awaitExit(6);
            assertThat(first.told()).contains("the copy is kept: the rows are complete");
            move.assertSlotIsKept();

            network.refuse(false);
            Program second = move.environment("PG_MIGRATOR_TEST_FAULT", "").migrate("--resume");
            second.awaitOut("the target has caught up");
            assertThat(second.out()).contains("going on with the copy").doesNotContain("new slot");
            move.cutOver(second);
        }
    }
}
