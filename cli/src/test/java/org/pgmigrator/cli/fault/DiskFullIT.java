package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// The target's disk is full, really: nothing is lost or doubled, and when there is room again the same process goes
/// on.
///
/// Not run where this process may not mount a disk for the target.
class DiskFullIT {

    private static final long SLOW = 2_000_000;
    private static final Ledger LEDGER = new Ledger(8);
    private static final Set<String> LOSSES = Set.of("08001", "08006", "57P02", "57P03");
    private static final Pattern FULL = Pattern.compile("the target's disk is full, make room there: .*SQLSTATE 53100");

    private static Pair pair;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        String obstacle = EmbeddedServer.diskObstacle().orElse("");
        assumeThat(obstacle)
                .as("NOT RUN: no disk of its own can be mounted for the target")
                .isEmpty();
        pair = Pair.start(ServerSpec.of(15), ServerSpec.of(17).onItsOwnDisk());
    }

    @AfterAll
    static void stop() {
        // Null where it was not run.
        if (pair != null) {
            pair.close();
        }
    }

    @Test
    void itIsWaitedForInTheCopyInTheStreamAndWhenItTakesTheServerDown() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            EmbeddedServer target = pair.target();
            WorkloadRun application = move.write(LEDGER, 200);
            TcpProxy network = move.targetProxy();
            network.throttle(SLOW);
            Program program = move.migrate("--max-outage", "120");
            program.awaitRunning(
                    "every part but the ballast is complete",
                    () -> move.onTarget("SELECT to_regclass('pgmigrator.copy_part') IS NOT NULL")
                                    .contains("t")
                            && move.onTarget("SELECT count(*), count(done_at) FROM pgmigrator.copy_part")
                                    .contains("4|3"));
            String written =
                    move.onTarget("SELECT xmin, count(*) FROM chime GROUP BY 1").getFirst();
            target.fillDisk();
            network.throttle(0);
            awaitFull(program, 1);
            target.freeDisk();
            program.awaitOut("the target has caught up");
            assertThat(program.out()).contains("What is complete is kept").doesNotContain("new slot");
            assertThat(move.onTarget("SELECT xmin, count(*) FROM chime GROUP BY 1"))
                    .contains(written);

            int before = timesFull(program);
            target.fillDisk();
            awaitFull(program, before + 1);
            assertThat(program.out()).contains("Meanwhile slot \"" + move.database() + "\" on the source keeps");
            target.freeDisk();
            program.awaitOut("there is room again after");

            target.fillDisk();
            takeDown(target);
            program.awaitOut("connection lost");
            target.freeDisk();
            bringBack(target);
            program.awaitOut("connected again after");

            application.stop();
            move.cutOver(program);
            assertThat(program.errorCount()).as(program::told).isZero();
        }
    }

    private static int timesFull(Program program) {
        return (int) FULL.matcher(program.out()).results().count();
    }

    private static void awaitFull(Program program, int times) {
        program.awaitRunning("the disk is full for the time " + times, () -> timesFull(program) >= times);
    }

    /// Writes WAL until there is no room for a new file of it, which a server does not survive where it cannot refuse
    /// the
    /// one who writes. The program may have met it first.
    private static void takeDown(EmbeddedServer server) {
        String state = "";
        long until = System.nanoTime() + Program.PATIENCE.toNanos();
        while (!LOSSES.contains(state)) {
            assertThat(System.nanoTime())
                    .as("the server is down, last seen: " + state)
                    .isLessThan(until);
            try {
                server.rows(
                        "postgres",
                        "SELECT pg_logical_emit_message(false, 'fill', repeat('x', 1000000)), pg_switch_wal()");
            } catch (SQLException refused) {
                state = String.valueOf(refused.getSQLState());
            }
        }
    }

    private static void bringBack(EmbeddedServer server) throws InterruptedException {
        while (true) {
            try {
                server.value("postgres", "SELECT 1");
                return;
            } catch (SQLException down) {
                if (server.isRunning()) {
                    Thread.sleep(50);
                } else {
                    server.start();
                }
            }
        }
    }
}
