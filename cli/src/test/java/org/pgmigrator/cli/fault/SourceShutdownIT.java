package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.StopMode;

/// A source that is shut down in fast mode waits for its walsenders until their clients have confirmed everything: ours
/// lets go instead, however far the target is behind, and goes on when the source is back.
class SourceShutdownIT {

    private static final Ledger LEDGER = new Ledger(1);

    /// Without us a server of this size needs less than a second; a walsender that waits for the target, for ever.
    private static final Duration SOON = Duration.ofSeconds(8);

    /// Bytes in a second; what there is to be sent takes a minute.
    private static final long SLOW = 200_000;

    private static final String MUCH =
            "INSERT INTO entry (account, amount) SELECT i % 1000 + 1, i FROM generate_series(1, 150000) i";

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
    void aTargetThatHasCaughtUpDoesNotHoldItUp() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            Program program = move.migrateUntilCaughtUp("--max-outage", "2m");
            stopSoon();
            goesOn(move, program);
        }
    }

    @Test
    void aTargetThatIsBlockedDoesNotHoldItUp() throws Exception {
        blocked();
    }

    @Test
    void aTargetThatIsBlockedBehindASpoolDoesNotHoldItUp() throws Exception {
        blocked("--spool-dir", folder.resolve("spool").toString());
    }

    private void blocked(String... options) throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            String[] all = new String[options.length + 2];
            System.arraycopy(options, 0, all, 2, options.length);
            all[0] = "--max-outage";
            all[1] = "2m";
            TcpProxy network = move.sourceProxy();
            Program program = move.migrateUntilCaughtUp(all);
            network.throttle(SLOW);
            LockedTable entry = move.lockOnTarget("entry");
            move.writeOnSource(MUCH);
            program.awaitOut("the target fell behind");
            stopSoon();
            network.throttle(0);
            entry.release();
            goesOn(move, program);
        }
    }

    private static void stopSoon() {
        long began = System.nanoTime();
        pair.source().stop(StopMode.FAST);
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        pair.source().start();
        assertThat(took).as("the source was held up").isLessThan(SOON);
    }

    private static void goesOn(Move move, Program program) throws Exception {
        program.awaitOut("connected again after");
        move.writeOnSource("INSERT INTO chime VALUES ('back', 1), ('back', 1)");
        move.cutOver(program);
        assertThat(program.errorCount()).as(program::told).isZero();
    }
}
