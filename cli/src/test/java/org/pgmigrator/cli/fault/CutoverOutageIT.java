package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// A server or its connections are lost in the middle of a cutover: the same process looks how far it had come, and
/// takes it back or finishes it.
class CutoverOutageIT {

    private static final Ledger LEDGER = new Ledger(1);

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

    /// What is done while the cutover waits at its fault point.
    @FunctionalInterface
    private interface Loss {
        void happen(TcpProxy toSource, TcpProxy toTarget);
    }

    @Test
    void connectionsLostUnderTheLockTheCutoverIsTakenBackAndMadeAgain() throws Exception {
        goesOn(FaultPoint.DRAINED, (toSource, toTarget) -> {
            toSource.cut();
            toTarget.cut();
        });
    }

    @Test
    void theSourceLostAsItIsAboutToBeClosedTheCutoverIsTakenBackAndMadeAgain() throws Exception {
        goesOn(FaultPoint.FENCE_BEGINS, (toSource, toTarget) -> {
            pair.source().kill();
            pair.source().start();
        });
    }

    @Test
    void theTargetLostBehindTheFenceIsOpenedWhenItIsBack() throws Exception {
        String told = goesOn(FaultPoint.FENCED, (toSource, toTarget) -> {
            pair.target().kill();
            pair.target().start();
        });
        assertThat(told).contains("everything was proved and the source is closed");
    }

    @Test
    void connectionsLostRightBeforeTheOpeningTheTargetIsOpened() throws Exception {
        String told = goesOn(FaultPoint.NO_RETURN, (toSource, toTarget) -> {
            toSource.cut();
            toTarget.cut();
        });
        assertThat(told).contains("everything was proved and the source is closed");
    }

    @Test
    void theSourceLostWhenTheTargetIsOpenIsCleanedUpWhenItIsBack() throws Exception {
        Path paused = folder.resolve("paused");
        try (Move move = pair.move(folder, LEDGER)) {
            move.environment("PG_MIGRATOR_TEST_FAULT", FaultPoint.TARGET_OPENED + ":pause=" + paused);
            Program program = move.migrate("--cutover-when", "caught-up");
            program.awaitRunning("the target is open", () -> Files.exists(paused));
            pair.source().kill();
            try {
                Files.delete(paused);
                program.awaitOut("the target is open; the source was lost before slot and publication were removed");
            } finally {
                pair.source().start();
            }
            program.awaitExit(0);
            assertThat(program.errorCount()).as(program::told).isZero();
            move.assertNothingOfOursOnTheSource();
            assertThat(move.onTarget("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pgmigrator%'"))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tables", "read-only", "none"})
    void whenTheTargetIsBlockedForTooLongTheCutoverIsGivenUpAndTheSourceServesOn(String lock) throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            Program program = move.migrateUntilCaughtUp("--cutover-timeout", "3", "--source-lock", lock);
            try (Connection blocker = pair.target().connect(move.database());
                    Statement statement = blocker.createStatement()) {
                // Who writes waits for it, and who looks does not.
                statement.execute("BEGIN READ WRITE; LOCK TABLE chime IN SHARE MODE");
                move.writeOnSource("INSERT INTO chime VALUES ('late', 1)");
                program.signal("INT");
                program.awaitOut("the target had not reached the marker after 3 s");
                move.writeOnSource("INSERT INTO chime VALUES ('later', 1)");
            }
            program.awaitRunning(
                    "it has gone on",
                    () -> move.onTarget("SELECT count(*) FROM chime WHERE what LIKE 'late%'")
                            .contains("2"));
            program.signal("INT");
            program.awaitExit(0);
            move.assertEqual();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tables", "read-only", "none"})
    void whenNobodyMayLookAtATableOfTheTargetTheCutoverIsGivenUpInTime(String lock) throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            Program program = move.migrateUntilCaughtUp("--cutover-timeout", "3", "--source-lock", lock);
            LockedTable locked = move.lockOnTarget("chime");
            program.signal("INT");
            program.awaitOut("the comparison was not prepared: the catalogue of the target was not read");
            move.writeOnSource("INSERT INTO chime VALUES ('meanwhile', 1)");
            locked.release();
            program.awaitRunning(
                    "it has gone on",
                    () -> move.onTarget("SELECT count(*) FROM chime WHERE what = 'meanwhile'")
                            .contains("1"));
            program.signal("INT");
            program.awaitExit(0);
            move.assertEqual();
        }
    }

    /// @return what it has printed
    private String goesOn(FaultPoint point, Loss loss) throws Exception {
        Path paused = folder.resolve("paused");
        try (Move move = pair.move(folder, LEDGER)) {
            TcpProxy toSource = move.sourceProxy();
            TcpProxy toTarget = move.targetProxy();
            WorkloadRun application = move.write(LEDGER, 100);
            move.environment("PG_MIGRATOR_TEST_FAULT", point + ":pause=" + paused);
            Program program = move.migrate("--cutover-when", "caught-up", "--max-outage", "2m");
            program.awaitRunning("it waits at " + point, () -> Files.exists(paused));
            loss.happen(toSource, toTarget);
            Files.delete(paused);
            program.awaitExit(0);

            application.stop();
            assertThat(program.errorCount()).as(program::told).isZero();
            assertThat(program.out()).contains("connection lost: ", "It came in the cutover");
            move.assertEqual();
            move.assertNothingOfOursOnTheSource();
            assertThat(move.targetSettings()).as("the target is open").isEmpty();
            assertThat(move.onTarget("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pgmigrator%'"))
                    .isEmpty();
            assertThatThrownBy(() -> move.writeOnSource("UPDATE account SET note = 'late'"))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            refused -> assertThat(refused.getSQLState()).isEqualTo("25006"));
            return program.out();
        }
    }

    @Test
    void ctrlCWhileItWaitsForTheTargetBehindTheFenceStopsAndResumeOpensIt() throws Exception {
        Path paused = folder.resolve("paused");
        try (Move move = pair.move(folder, LEDGER)) {
            move.environment("PG_MIGRATOR_TEST_FAULT", FaultPoint.FENCED + ":pause=" + paused);
            Program program = move.migrate("--cutover-when", "caught-up", "--max-outage", "10m");
            program.awaitRunning("it waits behind the fence", () -> Files.exists(paused));
            pair.target().kill();
            try {
                Files.delete(paused);
                program.awaitOut("It came in the cutover");
                program.signal("INT");
                program.awaitExit(130);
                assertThat(program.err())
                        .contains("the target has everything", "is not open yet", "closed", "--resume");
                assertThat(program.out()).contains("Whether the source is closed by the cutover is not known");
            } finally {
                pair.target().start();
            }
            await().atMost(Program.PATIENCE)
                    .ignoreExceptions()
                    .until(() -> move.targetSettings().equals(List.of("{default_transaction_read_only=on}")));

            move.environment("PG_MIGRATOR_TEST_FAULT", "").migrate("--resume").awaitExit(0);
            move.assertEqual();
            move.assertNothingOfOursOnTheSource();
        }
    }
}
