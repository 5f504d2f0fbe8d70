package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// Whatever dies under load (the program, a server, a connection), `--resume` brings every row over exactly once.
class CrashIT {

    /// How often the program is killed while it streams: `-Dpgmigrator.crashes=100` for a longer try.
    private static final int CRASHES = Integer.getInteger("pgmigrator.crashes", 5);

    private static final Ledger LEDGER = new Ledger(1);
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
    void killedDuringTheCopyItStartsTheCopyAgain() throws Exception {
        Ledger ledger = new Ledger(8);
        try (Move move = pair.move(folder, ledger)) {
            WorkloadRun application = move.write(ledger, 50);
            TcpProxy network = move.targetProxy();
            network.throttle(SLOW);
            Program program = move.migrate();
            move.awaitBallast(program, pair.target());
            program.kill();
            move.assertSlotIsKept();

            network.throttle(0);
            Program resumed = move.migrateUntilCaughtUp("--resume");
            assertThat(resumed.out()).contains("the copy starts again with a new slot");
            application.stop();
            move.cutOver(resumed);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "3"})
    void killedAgainAndAgainWhileItStreamsItLosesAndDoublesNothing(String lanes) throws Exception {
        RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, 0);
            Program program = move.migrate("--apply-lanes", lanes).awaitOut("replication lag");
            for (int crash = 1; crash <= CRASHES; crash++) {
                awaitApplied(move, program, random.nextInt(1, 400));
                program.kill();
                program = move.migrate("--resume", "--apply-lanes", lanes).awaitOut("going on with the stream");
            }
            application.stop();
            move.cutOver(program.awaitOut("the target has caught up"));
        }
    }

    /// Waits until so many more rows of the key-less table are on the target.
    private static void awaitApplied(Move move, Program program, int rows) throws Exception {
        String count = "SELECT count(*) FROM chime";
        long before = Long.parseLong(move.onTarget(count).getFirst());
        program.awaitRunning(
                rows + " more rows are on the target",
                () -> Long.parseLong(move.onTarget(count).getFirst()) >= before + rows);
    }

    @Test
    void whenTheSourceCrashesResumeGoesOnAfterItsRestart() throws Exception {
        serverCrash(pair.source(), "the source", 4, 5);
    }

    @Test
    void whenTheTargetCrashesResumeGoesOnAfterItsRestart() throws Exception {
        serverCrash(pair.target(), "the target", 6);
    }

    private void serverCrash(EmbeddedServer server, String word, Integer... exitCodes) throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, 200);
            Program program = move.migrateUntilCaughtUp();
            server.kill();
            try {
                assertEndsWithOneFailure(program, word, exitCodes);
            } finally {
                server.start();
            }
            assertThat(application.awaitCommitted(application.committed() + 50, Program.PATIENCE))
                    .isTrue();
            Program resumed = move.migrateUntilCaughtUp("--resume");
            application.stop();
            move.cutOver(resumed);
        }
    }

    @Test
    void whenTheConnectionsToTheSourceAreCutResumeGoesOn() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            connectionsCut(move, move.sourceProxy(), "source", 4, 5);
        }
    }

    @Test
    void whenTheConnectionsToTheTargetAreCutResumeGoesOn() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            connectionsCut(move, move.targetProxy(), "target", 6);
        }
    }

    private static void connectionsCut(Move move, TcpProxy network, String word, Integer... exitCodes)
            throws Exception {
        WorkloadRun application = move.write(LEDGER, 200);
        Program program = move.migrateUntilCaughtUp();
        network.cut();
        assertEndsWithOneFailure(program, word, exitCodes);

        Program resumed = move.migrateUntilCaughtUp("--resume");
        application.stop();
        move.cutOver(resumed);
    }

    @Test
    void whenTheWalsenderAloneIsEndedResumeGoesOn() throws Exception {
        sessionEnded(pair.source(), "stream", "replication stream", 5);
    }

    @Test
    void whenTheApplyingSessionAloneIsEndedResumeGoesOn() throws Exception {
        sessionEnded(pair.target(), "apply", "administrator", 6);
    }

    private void sessionEnded(EmbeddedServer server, String purpose, String word, Integer... exitCodes)
            throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, 200);
            Program program = move.migrateUntilCaughtUp();
            assertThat(server.rows(
                            move.database(),
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                                    + " AND application_name LIKE 'pg-migrator " + purpose + "%'"))
                    .containsExactly("t");
            assertEndsWithOneFailure(program, word, exitCodes);

            Program resumed = move.migrateUntilCaughtUp("--resume");
            application.stop();
            move.cutOver(resumed);
        }
    }

    private static void assertEndsWithOneFailure(Program program, String word, Integer... exitCodes) throws Exception {
        assertThat(program.awaitAnyExit()).as(program::told).isIn((Object[]) exitCodes);
        assertThat(program.errorCount()).as(program::told).isEqualTo(1);
        assertThat(program.err())
                .contains(word, "  state  ", "is kept", "  do     ")
                .doesNotContain("\tat ", "Exception");
        assertThat(program.temporaryFiles()).isEmpty();
    }
}
