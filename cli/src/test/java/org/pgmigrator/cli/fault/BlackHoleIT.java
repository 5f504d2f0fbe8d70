package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// A network that swallows everything and says nothing, under load: the program notices by itself, goes on when it can,
/// and can always be ended; and it takes nothing for dead that only waits.
class BlackHoleIT {

    /// How often each is tried: `-Dpgmigrator.blackholes=20` for a longer try, with more of them.
    private static final int BLACK_HOLES = Integer.getInteger("pgmigrator.blackholes", 1);

    private static final int LIMIT_SECONDS = 2;
    private static final Duration SOON = Duration.ofSeconds(15);
    private static final Ledger LEDGER = new Ledger(1);
    private static final Pattern LOST = Pattern.compile("warning: connection lost: ");
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

    private Move move() throws Exception {
        return pair.move(folder, LEDGER)
                .environment("JAVA_TOOL_OPTIONS", "-Dpgmigrator.silence-limit=" + LIMIT_SECONDS);
    }

    /// What is done to the network, and undone when the program has noticed.
    private record Hole(Fault opens, Fault ends) {
        @FunctionalInterface
        private interface Fault {
            void strike() throws Exception;
        }

        static Hole of(TcpProxy... proxies) {
            return new Hole(
                    () -> List.of(proxies).forEach(proxy -> proxy.blackHole(true)),
                    () -> List.of(proxies).forEach(proxy -> proxy.blackHole(false)));
        }

        /// Connections that nobody remembers on the way; new ones pass. The servers hear of it when the stream goes on.
        static Hole forgotten(Fault opens) {
            return new Hole(opens, () -> {});
        }
    }

    @Test
    void eitherServerMayBeBehindABlackHole() throws Exception {
        try (Move move = move()) {
            TcpProxy source = move.sourceProxy();
            TcpProxy target = move.targetProxy();
            survives(move, List.of(Hole.of(source), Hole.of(target)), source, target);
        }
    }

    @Test
    void oneConnectionMayBeSwallowedOrAllOfThemWhileTheServerKeepsItsEnds() throws Exception {
        try (Move move = move()) {
            TcpProxy source = move.sourceProxy();
            TcpProxy target = move.targetProxy();
            List<Hole> holes = new ArrayList<>(List.of(
                    Hole.forgotten(() -> swallow(move, source, pair.source(), "stream")),
                    Hole.forgotten(target::swallow)));
            if (BLACK_HOLES > 1) {
                holes.add(Hole.forgotten(() -> swallow(move, source, pair.source(), "observe")));
                holes.add(Hole.forgotten(() -> swallow(move, target, pair.target(), "apply")));
                holes.add(Hole.forgotten(() -> {
                    source.swallow();
                    target.swallow();
                }));
            }
            survives(move, holes, source, target);
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "pgmigrator.blackholes", matches = "\\d+")
    void withASpoolBothServersMayBeBehindABlackHoleToo() throws Exception {
        try (Move move = move()) {
            TcpProxy source = move.sourceProxy();
            TcpProxy target = move.targetProxy();
            survives(
                    move,
                    List.of(
                            Hole.of(source, target),
                            Hole.forgotten(() -> swallow(move, source, pair.source(), "stream"))),
                    source,
                    target,
                    "--spool-dir",
                    folder.resolve("spool").toString());
        }
    }

    private static void swallow(Move move, TcpProxy proxy, PostgresServer server, String purpose) throws Exception {
        List<String> ports = server.rows(
                move.database(),
                "SELECT client_port FROM pg_stat_activity WHERE datname = current_database()"
                        + " AND application_name LIKE 'pg-migrator " + purpose + "%'");
        assertThat(ports).as(purpose).isNotEmpty();
        for (String port : ports) {
            assertThat(proxy.swallow(Integer.parseInt(port))).as("port " + port).isTrue();
        }
    }

    private void survives(Move move, List<Hole> holes, TcpProxy source, TcpProxy target, String... options)
            throws Exception {
        WorkloadRun application = move.write(LEDGER, 300);
        List<String> all = new ArrayList<>(List.of("--max-outage", "2m", "--cutover-poll-secs", "1"));
        all.addAll(List.of(options));
        Program program = move.migrate(all.toArray(String[]::new)).awaitOut("the target has caught up");
        int struck = 0;
        for (int round = 0; round < BLACK_HOLES; round++) {
            for (Hole hole : holes) {
                int again = ++struck;
                long lost = count(LOST, program);
                hole.opens().strike();
                program.awaitRunning(
                        "a black hole is noticed for the time " + again, () -> count(LOST, program) > lost);
                hole.ends().strike();
                program.awaitRunning(
                        "it is connected again for the time " + again, () -> count(AGAIN, program) >= again);
                source.cutSwallowed();
                target.cutSwallowed();
            }
        }
        assertThat(application.awaitCommitted(application.committed() + 100, Program.PATIENCE))
                .isTrue();
        application.stop();
        move.cutOver(program);
        assertThat(program.errorCount()).as(program::told).isZero();
        assertThat(program.out()).contains("nothing was heard for ").doesNotContain("PGStream is closed");
    }

    private static long count(Pattern words, Program program) {
        return words.matcher(program.out()).results().count();
    }

    @Test
    void aTargetThatIsBlockedForLongerThanTheLimitIsNotTakenForDeadAndTheWalsenderIsFed() throws Exception {
        try (Move move = move()) {
            move.writeOnSource("ALTER DATABASE " + move.database() + " SET wal_sender_timeout = '3s'");
            WorkloadRun application = move.write(LEDGER, 300);
            Program program = move.migrateUntilCaughtUp("--max-outage", "2m");
            LockedTable entry = move.lockOnTarget("entry");
            // For several limits, and more than twice the walsender's.
            Thread.sleep(Duration.ofSeconds(8));
            assertThat(program.isAlive()).as(program::told).isTrue();
            entry.release();
            application.stop();
            move.cutOver(program);
            assertThat(program.out()).doesNotContain("connection lost");
        }
    }

    @Test
    void ctrlCTwiceInsideABlackHoleEndsTheProgramWithinSeconds() throws Exception {
        endsWithinSeconds("INT", 130);
    }

    @Test
    @EnabledIfSystemProperty(named = "pgmigrator.blackholes", matches = "\\d+")
    void termInsideABlackHoleEndsTheProgramWithinSeconds() throws Exception {
        endsWithinSeconds("TERM", 143);
    }

    private void endsWithinSeconds(String signal, int code) throws Exception {
        // With the ordinary limit nothing would be noticed for as long as this test lasts.
        try (Move move = pair.move(folder, LEDGER)) {
            TcpProxy source = move.sourceProxy();
            TcpProxy target = move.targetProxy();
            WorkloadRun application = move.write(LEDGER, 300);
            Program program = move.migrateUntilCaughtUp("--max-outage", "10m");
            source.blackHole(true);
            target.blackHole(true);
            Thread.sleep(Duration.ofSeconds(2));
            long start = System.nanoTime();
            program.signal(signal);
            if (signal.equals("INT")) {
                program.awaitOut("Ctrl+C");
                Thread.sleep(300);
                start = System.nanoTime();
                program.signal(signal);
            }
            program.awaitExit(code);
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .as(program::told)
                    .isLessThan(SOON);
            assertThat(program.errorCount()).as(program::told).isEqualTo(1);
            assertThat(program.err()).contains("is kept", "--resume");
            source.blackHole(false);
            target.blackHole(false);
            move.assertSlotIsKept();

            Program resumed = move.migrateUntilCaughtUp("--resume");
            application.stop();
            move.cutOver(resumed);
        }
    }
}
