package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// The cutover is cut off at each of its steps, while the application goes on writing: before the source is closed it
/// serves again within ten seconds, afterwards it takes no write; `--resume` and `abort` both end right.
class CutoverFaultIT {

    /// The promise of the source's lock.
    private static final Duration FREE = Duration.ofSeconds(10);

    private static final Ledger LEDGER = new Ledger(1);
    private static final double RATE = 50;
    private static final int KILLED = 137;

    private static final List<FaultPoint> BEFORE_THE_FENCE = List.of(
            FaultPoint.READY,
            FaultPoint.LOCKED,
            FaultPoint.DRAINED,
            FaultPoint.UNLOGGED_COPIED,
            FaultPoint.LARGE_OBJECTS_EQUAL,
            FaultPoint.VIEWS_REFRESHED,
            FaultPoint.SEQUENCES_SET,
            FaultPoint.VERIFIED,
            FaultPoint.FENCE_JOURNALLED,
            FaultPoint.FENCE_BEGINS,
            FaultPoint.FENCE_UNCOMMITTED);

    private static final List<FaultPoint> AFTER_IT =
            List.of(FaultPoint.FENCED, FaultPoint.NO_RETURN, FaultPoint.TARGET_OPENED);

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

    /// Starts a run that is done for at this point of the cutover, which begins by itself.
    private static Program cutOff(Move move, FaultPoint point, String action, boolean resume) {
        move.environment("PG_MIGRATOR_TEST_FAULT", point + ":" + action);
        return resume
                ? move.migrate("--resume", "--cutover-when", "caught-up")
                : move.migrate("--cutover-when", "caught-up");
    }

    private static Program untouched(Move move, String... options) {
        return move.environment("PG_MIGRATOR_TEST_FAULT", "").migrate(options);
    }

    private static void assertServes(WorkloadRun application) throws InterruptedException {
        assertThat(application.awaitCommitted(application.committed() + 20, FREE))
                .as("the source takes writes again within " + FREE + ": " + application.totals())
                .isTrue();
    }

    private static void assertRefusesWrites(Move move) {
        assertThatThrownBy(() -> move.writeOnSource("BEGIN READ WRITE; UPDATE account SET note = 'late'"))
                .isInstanceOfSatisfying(
                        SQLException.class,
                        refused -> assertThat(refused.getSQLState()).isEqualTo("25006"));
    }

    private static void assertTargetIsClosed(Move move) throws SQLException {
        assertThat(move.targetSettings()).containsExactly("{default_transaction_read_only=on}");
    }

    private static void assertMoved(Move move) throws SQLException {
        move.assertEqual();
        move.assertNothingOfOursOnTheSource();
        assertThat(move.targetSettings()).as("the target is open").isEmpty();
        assertThat(move.onTarget("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pgmigrator%'"))
                .isEmpty();
        assertRefusesWrites(move);
    }

    @Test
    void killedAtEveryStepOneAfterAnotherResumeEndsRight() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, RATE);
            move.environment("PG_MIGRATOR_TEST_FAULT", FaultPoint.LOCKED + ":kill")
                    .migrate("--cutover-when", "caught-up", "--source-lock", "read-only")
                    .awaitExit(KILLED);
            // Nothing ends that by itself, which the help says: it is the next run that does.
            assertThat(move.onSource("SHOW default_transaction_read_only")).containsExactly("on");
            for (FaultPoint point : BEFORE_THE_FENCE) {
                cutOff(move, point, "kill", true).awaitExit(KILLED);
                assertServes(application);
                assertTargetIsClosed(move);
            }
            for (FaultPoint point : AFTER_IT) {
                cutOff(move, point, "kill", true).awaitExit(KILLED);
                assertRefusesWrites(move);
                if (point == FaultPoint.FENCED) {
                    assertThat(move.command("status").awaitExit(0).out())
                            .contains(
                                    "the source is closed by a cutover",
                                    "migrate --resume: finishes the cutover",
                                    "Safe to cut over: NO");
                }
            }
            application.stop();
            Program last = untouched(move, "--resume");
            last.awaitExit(0);
            assertThat(last.out()).contains("only what it left is removed");
            assertMoved(move);
        }
    }

    @Test
    void killedUnderTheLockAbortTakesEverythingBack() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, RATE);
            cutOff(move, FaultPoint.FENCE_UNCOMMITTED, "kill", false).awaitExit(KILLED);
            assertServes(application);

            move.command("abort", "--yes").awaitExit(0);

            assertServes(application);
            move.assertNothingOfOursOnTheSource();
            move.assertTargetIsEmpty();
            assertThat(move.onSource("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pgmigrator%'"))
                    .isEmpty();
        }
    }

    @Test
    void killedBehindTheFenceAbortGoesBackOnlyIfTheSourceIsToServe() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, RATE);
            cutOff(move, FaultPoint.FENCED, "kill", false).awaitExit(KILLED);
            assertRefusesWrites(move);

            Program refused = move.command("abort", "--yes").awaitExit(3);
            assertThat(refused.err()).contains("point of no return", "the source was closed", "--unlock-source");
            assertRefusesWrites(move);

            move.command("abort", "--yes", "--unlock-source").awaitExit(0);

            assertServes(application);
            move.assertNothingOfOursOnTheSource();
        }
    }

    @Test
    void stoppedUnderTheLockTheSourceServesAndAfterwardsTheStreamGoesOn() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, RATE);
            boolean resume = false;
            for (FaultPoint point : List.of(FaultPoint.LOCKED, FaultPoint.FENCE_BEGINS)) {
                move.environment("PG_MIGRATOR_TEST_FAULT", point + ":stop");
                Program program = resume ? move.migrateUntilCaughtUp("--resume") : move.migrateUntilCaughtUp();
                resume = true;
                program.signal("INT");
                program.awaitStopped();
                assertServes(application);
                assertTargetIsClosed(move);

                program.signal("CONT");
                program.awaitOut("the cutover was not done");
                program.awaitOut("the stream goes on");
                assertTargetIsClosed(move);
                assertServes(application);
                if (point == FaultPoint.FENCE_BEGINS) {
                    program.signal("INT");
                    program.awaitExit(0);
                } else {
                    program.signal("TERM");
                    program.awaitExit(143);
                }
            }
            application.stop();
            assertMoved(move);
        }
    }

    /// Runs until `point`, where it waits; what the test does meanwhile is done when it goes on.
    private Program pausedAt(Move move, FaultPoint point, boolean resume) {
        Path file = folder.resolve("at-" + point);
        Program program = cutOff(move, point, "pause=" + file, resume);
        program.awaitRunning("it is at " + point, () -> Files.exists(file));
        return program;
    }

    private void goOn(FaultPoint point) throws Exception {
        Files.delete(folder.resolve("at-" + point));
    }

    @Test
    void killedBeforeTheOpeningWithoutAFenceTheStreamGoesOnAndAbortNeedsNoConsentForThat() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            move.environment("PG_MIGRATOR_TEST_FAULT", FaultPoint.NO_RETURN + ":kill")
                    .migrate("--cutover-when", "caught-up", "--source-lock", "none")
                    .awaitExit(KILLED);
            assertTargetIsClosed(move);
            assertThat(move.command("status").awaitExit(0).out())
                    .contains("migrate --resume: goes on with the stream", "abort: removes everything");

            Program resumed = untouched(move, "--resume").awaitOut("the target has caught up");
            assertThat(resumed.out()).contains("going on with the stream");
            resumed.signal("TERM");
            resumed.awaitExit(143);
            move.environment("PG_MIGRATOR_TEST_FAULT", FaultPoint.NO_RETURN + ":kill")
                    .migrate("--resume", "--cutover-when", "caught-up", "--source-lock", "none")
                    .awaitExit(KILLED);
            move.environment("PG_MIGRATOR_TEST_FAULT", "");

            move.command("abort", "--yes").awaitExit(0);

            move.assertNothingOfOursOnTheSource();
            move.assertTargetIsEmpty();
        }
    }

    @Test
    void killedServersInTheCutoverAreSurvived() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            move.writeOnSource("CREATE UNLOGGED TABLE cache (id int PRIMARY KEY)");
            WorkloadRun application = move.write(LEDGER, RATE);

            Program program = pausedAt(move, FaultPoint.DRAINED, false);
            crash(pair.source(), () -> {
                goOn(FaultPoint.DRAINED);
                assertThat(program.awaitAnyExit()).as(program::told).isIn(4, 5, 8);
            });
            assertServes(application);
            assertTargetIsClosed(move);

            Program second = pausedAt(move, FaultPoint.SEQUENCES_SET, true);
            crash(pair.target(), () -> {
                goOn(FaultPoint.SEQUENCES_SET);
                assertThat(second.awaitAnyExit()).as(second::told).isEqualTo(6);
                assertServes(application);
            });

            Program third = pausedAt(move, FaultPoint.FENCE_UNCOMMITTED, true);
            crash(pair.source(), () -> goOn(FaultPoint.FENCE_UNCOMMITTED));
            assertThat(third.awaitAnyExit()).as(third::told).isIn(4, 5, 8);
            assertServes(application);
            assertTargetIsClosed(move);

            // The crashes of the source have emptied it there; the next one, of the target, does so behind the fence.
            move.writeOnSource("INSERT INTO cache VALUES (1), (2), (3)");
            Program fourth = pausedAt(move, FaultPoint.FENCED, true);
            crash(pair.target(), () -> {
                goOn(FaultPoint.FENCED);
                assertThat(fourth.awaitAnyExit()).as(fourth::told).isEqualTo(6);
            });
            assertThat(fourth.err()).contains("the source is closed", "--resume");
            assertRefusesWrites(move);

            application.stop();
            untouched(move, "--resume").awaitExit(0);
            assertThat(move.onTarget("SELECT count(*) FROM cache")).containsExactly("3");
            assertMoved(move);
        }
    }

    @Test
    void whenTheAnswerToTheFencesCommitIsLostItIsLookedUpAndTheTargetOpened() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            TcpProxy network = move.sourceProxy();
            WorkloadRun application = move.write(LEDGER, RATE);
            Program program = pausedAt(move, FaultPoint.FENCE_UNCOMMITTED, false);
            // The COMMIT needs two seconds to the source, and its answer two seconds more.
            network.delay(Duration.ofSeconds(2));
            goOn(FaultPoint.FENCE_UNCOMMITTED);
            Awaitility.await()
                    .atMost(FREE)
                    .until(() -> !move.onSource("SELECT nspname FROM pg_namespace WHERE nspname = 'pgmigrator_fence'")
                            .isEmpty());
            network.cut();
            network.delay(Duration.ZERO);

            program.awaitExit(0);

            assertThat(program.out()).contains("whether the source is closed is looked up");
            application.stop();
            assertMoved(move);
        }
    }

    /// What is done while a server is down.
    @FunctionalInterface
    private interface Meanwhile {
        void run() throws Exception;
    }

    private static void crash(EmbeddedServer server, Meanwhile meanwhile) throws Exception {
        server.kill();
        try {
            meanwhile.run();
        } finally {
            server.start();
        }
        Awaitility.await()
                .atMost(FREE)
                .ignoreExceptions()
                .until(() -> "1".equals(server.value("postgres", "SELECT 1")));
    }
}
