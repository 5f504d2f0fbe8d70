package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// What may not go on: a second run beside the first, and a resume whose options, slot or position are not those of the
/// migration that was stopped.
class ResumeRefusalIT {

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
    void aSecondRunWhileTheFirstStreamsIsRefusedAndTheFirstGoesOn() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            WorkloadRun application = move.write(LEDGER, 100);
            Program first = move.migrateUntilCaughtUp();

            Program second = move.migrate().awaitExit(3);
            assertThat(second.out()).contains("exists already");

            Program resume = move.migrate("--resume").awaitExit(6);
            assertThat(resume.err()).contains("TARGET_IN_USE");

            assertThat(first.isAlive()).isTrue();
            application.stop();
            move.cutOver(first);
        }
    }

    @Test
    void aSecondRunWhileTheFirstCopiesIsRefusedAndTheFirstGoesOn() throws Exception {
        try (Move move = pair.move(folder, new Ledger(8))) {
            TcpProxy network = move.targetProxy();
            network.throttle(SLOW / 4);
            Program first = move.migrate();
            move.awaitBallast(first, pair.target());

            move.migrate().awaitExit(3);
            Program resume = move.migrate("--resume").awaitExit(6);
            assertThat(resume.err()).contains("TARGET_IN_USE");

            network.throttle(0);
            move.cutOver(first.awaitOut("the target has caught up"));
        }
    }

    @Test
    void withOtherOptionsAResumeIsRefused() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            stopWhileStreaming(move);

            Program other = move.migrate("--resume", "--exclude-table", "chime").awaitExit(2);
            assertThat(other.err()).contains("CONFIGURATION_DIFFERS", "exclude-tables=[]", "chime");

            move.cutOver(move.migrateUntilCaughtUp("--resume"));
        }
    }

    @Test
    void withoutAnythingToResumeItSaysSoAndTouchesNothing() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            Program program = move.migrate("--resume").awaitExit(6);

            assertThat(program.err()).contains("NOTHING_TO_RESUME", "Start without --resume");
            assertThat(program.errorCount()).isEqualTo(1);
            move.assertNothingOfOursOnTheSource();
            move.assertTargetIsEmpty();
        }
    }

    @Test
    void progressOfASlotThatWasMadeAnewIsRefused() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            stopWhileStreaming(move);
            move.writeOnSource(
                    "SELECT pg_drop_replication_slot('" + move.database() + "')",
                    "INSERT INTO chime VALUES ('unseen', 1)",
                    "SELECT pg_create_logical_replication_slot('" + move.database() + "', 'pgoutput')");

            Program program = move.migrate("--resume").awaitExit(5);
            assertThat(program.err()).containsAnyOf("POSITION_LOST", "SLOT_MISMATCH");
            assertThat(program.errorCount()).isEqualTo(1);
            assertThat(move.onTarget("SELECT count(*) FROM chime WHERE what = 'unseen'"))
                    .containsExactly("0");
        }
    }

    @Test
    void progressBehindWhatTheSlotHasConfirmedIsRefused() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            stopWhileStreaming(move);
            move.writeOnSource(
                    "INSERT INTO chime VALUES ('skipped', 1)",
                    "SELECT pg_replication_slot_advance('" + move.database() + "', pg_current_wal_flush_lsn())");

            Program program = move.migrate("--resume").awaitExit(5);
            assertThat(program.err()).contains("POSITION_LOST", "another consumer has read from the slot");
            assertThat(program.errorCount()).isEqualTo(1);
            move.assertSlotIsKept();
        }
    }

    @Test
    void withoutItsSlotAResumeIsRefused() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            stopWhileStreaming(move);
            move.writeOnSource("SELECT pg_drop_replication_slot('" + move.database() + "')");

            Program program = move.migrate("--resume").awaitExit(5);
            assertThat(program.err()).contains("SLOT_MISSING", "The copy must start again");
            assertThat(program.errorCount()).isEqualTo(1);
        }
    }

    private static void stopWhileStreaming(Move move) throws InterruptedException {
        Program program = move.migrateUntilCaughtUp();
        program.signal("TERM");
        program.awaitExit(143);
    }
}
