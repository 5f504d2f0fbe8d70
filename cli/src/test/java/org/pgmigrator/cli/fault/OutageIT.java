package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.StopMode;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// Whatever is lost under load while changes are streamed (a server, a connection, a session), the same process goes on
/// when it is back, and every row comes over exactly once.
class OutageIT {

    /// How often each is lost: `-Dpgmigrator.outages=50` for a longer try.
    private static final int OUTAGES = Integer.getInteger("pgmigrator.outages", 1);

    private static final Ledger LEDGER = new Ledger(1);
    private static final Pattern AGAIN = Pattern.compile("connected again after");

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

    /// What is done to a server or a connection.
    @FunctionalInterface
    private interface Fault {
        void strike() throws Exception;
    }

    @Test
    void bothServersMayCrashAndBeRestarted() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            survives(
                    move,
                    List.of(() -> crash(pair.source()), () -> crash(pair.target()), () -> restart(pair.target())));
        }
    }

    @Test
    void connectionsMayBeCutOnBothSides() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            TcpProxy toSource = move.sourceProxy();
            TcpProxy toTarget = move.targetProxy();
            survives(move, List.of(toSource::cut, toTarget::cut, () -> {
                toSource.cut();
                toTarget.cut();
            }));
        }
    }

    @Test
    void anySessionOfOursMayBeEnded() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            survives(
                    move,
                    List.of(
                            () -> end(move, pair.source(), "stream"),
                            () -> end(move, pair.source(), "observe"),
                            () -> end(move, pair.target(), "apply")));
        }
    }

    @Test
    void withASpoolEitherSideMayBeLostToo() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            TcpProxy toSource = move.sourceProxy();
            TcpProxy toTarget = move.targetProxy();
            survives(
                    move,
                    List.of(
                            toTarget::cut,
                            toSource::cut,
                            () -> end(move, pair.source(), "observe"),
                            () -> end(move, pair.target(), "apply"),
                            () -> crash(pair.target())),
                    "--spool-dir",
                    folder.resolve("spool").toString());
        }
    }

    /// Strikes again and again, each time when the changes go on after the last time; then cuts over.
    private void survives(Move move, List<Fault> faults, String... options) throws Exception {
        WorkloadRun application = move.write(LEDGER, 300);
        List<String> all = new ArrayList<>(List.of("--max-outage", "2m", "--cutover-poll-secs", "1"));
        all.addAll(List.of(options));
        Program program = move.migrate(all.toArray(String[]::new)).awaitOut("the target has caught up");
        int struck = 0;
        for (int round = 0; round < OUTAGES; round++) {
            for (Fault fault : faults) {
                int again = ++struck;
                fault.strike();
                program.awaitRunning(
                        "it is connected again for the time " + again,
                        () -> AGAIN.matcher(program.out()).results().count() >= again);
            }
        }
        assertThat(application.awaitCommitted(application.committed() + 100, Program.PATIENCE))
                .isTrue();
        application.stop();
        move.cutOver(program);
        assertThat(program.errorCount()).as(program::told).isZero();
        assertThat(program.out()).contains("warning: connection lost: ", "Attempt 1 to go on");
    }

    @Test
    void aServerThatStaysAwayForLongerThanAllowedEndsTheProgramAndResumeGoesOn() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, 200);
            Program program = move.migrateUntilCaughtUp("--max-outage", "3s");
            pair.target().kill();
            try {
                assertThat(program.awaitAnyExit()).as(program::told).isEqualTo(6);
            } finally {
                pair.target().start();
            }
            assertThat(program.errorCount()).as(program::told).isEqualTo(1);
            assertThat(program.err()).contains("--max-outage 3 s", "  state  ", "is kept", "--resume");

            Program resumed = move.migrateUntilCaughtUp("--resume");
            application.stop();
            move.cutOver(resumed);
        }
    }

    @Test
    void ctrlCTwiceInAnOutageStopsAtOnce() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            Program program = move.migrateUntilCaughtUp("--max-outage", "10m");
            pair.source().kill();
            try {
                program.awaitOut("Attempt 2 to go on");
                program.signal("INT");
                program.awaitOut("Ctrl+C");
                Thread.sleep(300);
                program.signal("INT");
                program.awaitExit(130);
            } finally {
                pair.source().start();
            }
            move.assertSlotIsKept();

            move.cutOver(move.migrateUntilCaughtUp("--resume"));
        }
    }

    private static void crash(EmbeddedServer server) {
        server.kill();
        server.start();
    }

    private static void restart(EmbeddedServer server) {
        server.restart(StopMode.FAST);
    }

    private static void end(Move move, EmbeddedServer server, String purpose) throws Exception {
        assertThat(server.rows(
                        move.database(),
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                                + " AND application_name LIKE 'pg-migrator " + purpose + "%'"))
                .containsOnly("t");
    }
}
