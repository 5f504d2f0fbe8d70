package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.workload.Workload;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// With a spool the source drops its WAL while the copy runs; and whatever dies, the spool and the target together have
/// everything that was confirmed, or the program says that it is lost.
class SpoolIT {

    private static final Ledger LEDGER = new Ledger(1);
    private static final long SLOW = 1_000_000;
    private static final long MEGABYTE = 1 << 20;

    /// How long the copy is held up, `-Dpgmigrator.copy.minutes=10` for a longer try; without it until much is written.
    private static final Duration LONG_COPY = Duration.ofMinutes(Integer.getInteger("pgmigrator.copy.minutes", 0));

    private static Pair pair;

    @TempDir
    private Path folder;

    private Path spool;

    @BeforeAll
    static void start() {
        pair = Pair.start(
                ServerSpec.of(15)
                        .setting("wal_keep_size", "0")
                        .setting("min_wal_size", "32MB")
                        .setting("max_wal_size", "64MB"),
                ServerSpec.of(17));
    }

    @AfterAll
    static void stop() {
        pair.close();
    }

    @BeforeEach
    void name() {
        spool = folder.resolve("spool");
    }

    private Move spooled(Move move) {
        return move.environment("PG_MIGRATOR_SPOOL_DIR", spool.toString());
    }

    @Test
    void whileTheCopyRunsTheSourceDropsItsWalAndTheCatchUpComesFromTheDisk() throws Exception {
        Workload content = LONG_COPY.isZero() ? new Flood(new Ledger(64)) : new Crowd(new Ledger(64));
        try (Move move = spooled(pair.move(folder, content))) {
            TcpProxy network = move.targetProxy();
            network.throttle(LONG_COPY.isZero() ? SLOW : SLOW / 20);
            WorkloadRun application = move.write(content, LONG_COPY.isZero() ? 200 : 50);
            Program program = move.migrate();
            move.awaitBallast(program, pair.target());
            String walsender = one(
                    move, "SELECT active_pid FROM pg_replication_slots WHERE slot_name = '" + move.database() + "'");
            long began = written(move);
            long beganAt = System.nanoTime();
            long changesBefore = changes(move);
            long mostRetained = 0;
            while (LONG_COPY.isZero()
                    ? written(move) - began < 256 * MEGABYTE
                    : System.nanoTime() - beganAt < LONG_COPY.toNanos()) {
                if (LONG_COPY.isZero()) {
                    // Where a slot's WAL may begin is looked at when the running transactions are noted: every 15 s, or
                    // by a checkpoint.
                    move.writeOnSource("CHECKPOINT");
                }
                mostRetained = Math.max(mostRetained, retained(move));
                assertThat(program.out()).as("the copy still runs").doesNotContain("StreamApply");
                Thread.sleep(300);
            }
            if (!LONG_COPY.isZero()) {
                double seconds = (System.nanoTime() - beganAt) / 1e9;
                System.out.printf(
                        "copy of %.0f s: %.0f changes/s, %,d bytes written, at most %,d retained%n",
                        seconds, (changes(move) - changesBefore) / seconds, written(move) - began, mostRetained);
                assertThat((changes(move) - changesBefore) / seconds).isGreaterThan(5_000);
            }
            application.stop();
            // The flood is as fast as the machine is, so only the share of what was written tells anything.
            assertThat(mostRetained).isLessThan(LONG_COPY.isZero() ? 128 * MEGABYTE : 64 * MEGABYTE);
            await().atMost(Program.PATIENCE).until(() -> received(move) >= written(move));
            assertThat(one(
                            move,
                            "SELECT active_pid FROM pg_replication_slots WHERE slot_name = '" + move.database() + "'"))
                    .as("what was received is not sent again")
                    .isEqualTo(walsender);
            assertThat(sizeOf(spool)).isGreaterThan(64 * MEGABYTE);
            assertThat(status(move)).contains("spool ", spool.toString());

            network.throttle(0);
            program.awaitOut("the target has caught up");
            assertThat(one(
                            move,
                            "SELECT active_pid FROM pg_replication_slots WHERE slot_name = '" + move.database() + "'"))
                    .as("the catch-up has not asked the source again")
                    .isEqualTo(walsender);
            move.cutOver(program);
            assertThat(program.out()).contains("must survive");
            assertThat(files(spool)).isEmpty();
        }
    }

    private static String one(Move move, String query) throws Exception {
        return move.onSource(query).getFirst();
    }

    private static long written(Move move) throws Exception {
        return Long.parseLong(one(move, "SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::int8"));
    }

    private static long changes(Move move) throws Exception {
        return Long.parseLong(one(move, "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables"));
    }

    private static long retained(Move move) throws Exception {
        return Long.parseLong(one(
                move,
                "SELECT (pg_current_wal_lsn() - restart_lsn)::int8 FROM pg_replication_slots" + " WHERE slot_name = '"
                        + move.database() + "'"));
    }

    private static long received(Move move) throws Exception {
        return Long.parseLong(one(
                move,
                "SELECT (confirmed_flush_lsn - '0/0'::pg_lsn)::int8 FROM pg_replication_slots" + " WHERE slot_name = '"
                        + move.database() + "'"));
    }

    private static String status(Move move) throws Exception {
        return move.command("status").awaitExit(0).out();
    }

    private static long sizeOf(Path directory) throws IOException {
        long size = 0;
        for (Path file : files(directory)) {
            size += Files.size(file);
        }
        return size;
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    @Test
    void killedDuringTheCopyTheCopyStartsAgainAndTheSpoolWithIt() throws Exception {
        Ledger ledger = new Ledger(8);
        try (Move move = spooled(pair.move(folder, ledger))) {
            WorkloadRun application = move.write(ledger, 100);
            TcpProxy network = move.targetProxy();
            network.throttle(SLOW);
            Program program = move.migrate();
            move.awaitBallast(program, pair.target());
            program.awaitRunning("something is spooled", () -> sizeOf(spool) > 10_000);
            program.kill();
            List<Path> before = files(spool);
            assertThat(before).isNotEmpty();

            network.throttle(0);
            Program resumed = move.migrateUntilCaughtUp("--resume");
            assertThat(resumed.out()).contains("the copy starts again with a new slot");
            application.stop();
            move.cutOver(resumed);
            assertThat(files(spool)).isEmpty();
        }
    }

    @Test
    void stoppedDuringTheCopyNothingOfTheSpoolIsLeft() throws Exception {
        Ledger ledger = new Ledger(8);
        try (Move move = spooled(pair.move(folder, ledger))) {
            move.targetProxy().throttle(SLOW);
            Program program = move.migrate();
            move.awaitBallast(program, pair.target());
            program.signal("INT");
            program.awaitExit(130);
            assertThat(files(spool)).isEmpty();
            move.assertNothingOfOursOnTheSource();
        }
    }

    /// Kills the program when the source was told of positions that only the spool has.
    private Program killedWhileBehind(Move move, WorkloadRun application) throws Exception {
        Program program = move.migrateUntilCaughtUp();
        LockedTable entry = move.lockOnTarget("entry");
        long applied = applied(move);
        program.awaitRunning("more is confirmed than applied", () -> received(move) > applied + 50_000);
        program.kill();
        application.stop();
        entry.release();
        assertThat(received(move)).isGreaterThan(applied(move));
        return program;
    }

    private static long applied(Move move) throws Exception {
        return Long.parseLong(move.onTarget("SELECT (greatest(applied_end_lsn, confirmed_upto) - '0/0'::pg_lsn)::int8"
                        + " FROM pgmigrator.progress")
                .getFirst());
    }

    @Test
    void killedWhileOnlyTheSpoolHasWhatWasConfirmedItGoesOnFromTheSpool() throws Exception {
        try (Move move = spooled(pair.move(folder, LEDGER))) {
            killedWhileBehind(move, move.write(LEDGER, 200));
            Program resumed = move.migrateUntilCaughtUp("--resume");
            assertThat(resumed.out()).contains("going on with the spool in " + spool);
            move.cutOver(resumed);
            assertThat(files(spool)).isEmpty();
        }
    }

    @Test
    void aSpoolThatWasMovedAlongIsGoneOnWith() throws Exception {
        try (Move move = spooled(pair.move(folder, LEDGER))) {
            killedWhileBehind(move, move.write(LEDGER, 200));
            Path moved = Files.move(spool, folder.resolve("moved"));
            move.environment("PG_MIGRATOR_SPOOL_DIR", moved.toString());
            Program resumed = move.migrateUntilCaughtUp("--resume");
            assertThat(resumed.out()).contains("going on with the spool in " + moved);
            move.cutOver(resumed);
            assertThat(files(moved)).isEmpty();
        }
    }

    @Test
    void withTheSpoolLostItStopsAndSaysThatTheCopyMustStartAgain() throws Exception {
        try (Move move = spooled(pair.move(folder, LEDGER))) {
            killedWhileBehind(move, move.write(LEDGER, 200));
            Path hidden = Files.move(spool, folder.resolve("hidden"));

            Program refused = move.migrate("--resume").awaitExit(5);
            assertThat(refused.err())
                    .contains(
                            "error POSITION_LOST",
                            "in " + spool,
                            "holds no spool",
                            "the copy must start again, because those positions were confirmed")
                    .doesNotContain("\tat ");
            Program off = move.migrate("--resume", "--spool", "off").awaitExit(5);
            assertThat(off.err()).contains("error POSITION_LOST", "no --spool-dir is given", "in " + spool);
            move.assertSlotIsKept();

            Files.delete(spool);
            Files.move(hidden, spool);
            move.cutOver(move.migrateUntilCaughtUp("--resume"));
        }
    }

    @Test
    void withTheSpoolDamagedItStopsAndNamesFileAndByte() throws Exception {
        try (Move move = spooled(pair.move(folder, LEDGER))) {
            killedWhileBehind(move, move.write(LEDGER, 200));
            for (Path file : files(spool)) {
                byte[] bytes = Files.readAllBytes(file);
                if (bytes.length > 2_000) {
                    bytes[bytes.length / 4] ^= 8;
                    Files.write(file, bytes);
                }
            }
            Program refused = move.migrate("--resume").awaitExit(5);
            assertThat(refused.err()).contains("error SPOOL_DAMAGED", spool.toString(), "byte", "new copy");

            Program aborted = move.command("abort", "--yes");
            aborted.awaitExit(0);
            assertThat(files(spool)).isEmpty();
            move.assertNothingOfOursOnTheSource();
        }
    }

    @Test
    void killedAgainAndAgainWhileItStreamsItLosesAndDoublesNothing() throws Exception {
        RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
        try (Move move = spooled(pair.move(folder, LEDGER))) {
            WorkloadRun application = move.write(LEDGER, 0);
            Program program = move.migrate().awaitOut("replication lag");
            for (int crash = 1; crash <= 5; crash++) {
                String count = "SELECT count(*) FROM chime";
                long before = Long.parseLong(move.onTarget(count).getFirst());
                long wanted = before + random.nextInt(1, 2_000);
                program.awaitRunning(
                        "more rows are on the target",
                        () -> Long.parseLong(move.onTarget(count).getFirst()) >= wanted);
                program.kill();
                program = move.migrate("--resume").awaitOut("going on with the stream");
            }
            application.stop();
            move.cutOver(program.awaitOut("the target has caught up"));
            assertThat(files(spool)).isEmpty();
        }
    }

    @Test
    void aWalsenderThatEndsDuringTheCopyIsStartedAgain() throws Exception {
        Ledger ledger = new Ledger(8);
        try (Move move = spooled(pair.move(folder, ledger))) {
            WorkloadRun application = move.write(ledger, 100);
            TcpProxy network = move.targetProxy();
            network.throttle(SLOW);
            Program program = move.migrate();
            move.awaitBallast(program, pair.target());
            assertThat(move.onSource(
                            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '"
                                    + move.database() + "'"))
                    .containsExactly("t");
            program.awaitOut("changes are received to the spool again");
            network.throttle(0);
            program.awaitOut("the target has caught up");
            application.stop();
            move.cutOver(program);
        }
    }

    @Test
    void aFullSpoolLeavesTheWalOnTheSourceAndLosesNothing() throws Exception {
        Flood flood = new Flood(new Ledger(16));
        try (Move move = spooled(pair.move(folder, flood))) {
            TcpProxy network = move.targetProxy();
            network.throttle(SLOW);
            WorkloadRun application = move.write(flood, 200);
            Program program = move.migrate("--spool-limit", "16MB");
            move.awaitBallast(program, pair.target());
            program.awaitOut("FULL: the source keeps its WAL");
            long full = sizeOf(spool);
            assertThat(full).isBetween(16 * MEGABYTE, 18 * MEGABYTE);
            assertThat(application.awaitCommitted(application.committed() + 200, Duration.ofMinutes(1)))
                    .isTrue();
            assertThat(sizeOf(spool)).isEqualTo(full);
            application.stop();
            network.throttle(0);
            program.awaitOut("the target has caught up");
            move.cutOver(program);
        }
    }

    @Test
    void aDiskThatRefusesDuringTheCopyLeavesTheWalOnTheSourceAndLosesNothing() throws Exception {
        Files.createDirectory(spool);
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", spool.toString()))
                .as("this user may mount a disk")
                .isZero();
        Flood flood = new Flood(new Ledger(16));
        try (Move move = spooled(pair.move(folder, flood))) {
            TcpProxy network = move.targetProxy();
            network.throttle(SLOW);
            Program program = move.migrate();
            move.awaitBallast(program, pair.target());
            move.writeOnSource("INSERT INTO chime VALUES ('ding', 1)");
            long first = written(move);
            program.awaitRunning("something is confirmed that only the spool has", () -> received(move) >= first);
            WorkloadRun application = move.write(flood, 100);
            program.awaitOut("nothing is received to the spool at the moment");
            assertThat(program.out()).contains("No space left on device", "the source keeps its WAL");
            application.stop();
            assertThat(run("mount", "-o", "remount,size=200m", spool.toString()))
                    .isZero();
            network.throttle(0);
            program.awaitOut("the target has caught up");
            assertThat(program.out()).contains("going on with the spool");
            move.cutOver(program);
        } finally {
            assertThat(run("umount", spool.toString())).isZero();
        }
    }

    private static int run(String... command) throws Exception {
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    @Test
    void aSpoolIsNotBegunWhereOtherFilesAre() throws Exception {
        Files.createDirectory(spool);
        Files.writeString(spool.resolve("letter.txt"), "dear");
        try (Move move = spooled(pair.move(folder, LEDGER))) {
            Program program = move.migrate().awaitExit(3);
            assertThat(program.err()).contains("error CHECK_REFUSED", "is not empty", "nothing was changed");
            assertThat(program.out()).contains("spool: The spool's folder " + spool, "letter.txt");
            assertThat(move.command("check").awaitExit(3).out()).contains("letter.txt");
            move.assertNothingOfOursOnTheSource();
            move.assertTargetIsEmpty();
            assertThat(spool.resolve("letter.txt")).exists();
        }
    }
}
