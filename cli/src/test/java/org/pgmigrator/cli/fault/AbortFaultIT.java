package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.PostgresServer;

/// An abort that is killed at every point, one after another, while the source serves: the next one gets to the next
/// point, and the last one leaves nothing on either side.
class AbortFaultIT {

    private static final Ledger LEDGER = new Ledger(1);
    private static final int KILLED = 137;

    private static final List<FaultPoint> OF_THE_ABORT = List.of(
            FaultPoint.ABORT_BEGUN,
            FaultPoint.ABORTED_ON_SOURCE,
            FaultPoint.COPY_DROPPED,
            FaultPoint.ABORTED_ON_TARGET,
            FaultPoint.SPOOL_REMOVED);

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
    void noPointIsLeftOut() {
        Set<FaultPoint> points = EnumSet.range(FaultPoint.ABORT_BEGUN, FaultPoint.SPOOL_REMOVED);
        points.add(FaultPoint.COPY_DROPPED);
        assertThat(OF_THE_ABORT).containsExactlyInAnyOrderElementsOf(points);
    }

    @Test
    void killedAtEveryPointTheAbortOfACopyEndsWithNothingLeft() throws Exception {
        try (Move move = spooled(pair.move(folder, LEDGER))) {
            move.environment("PG_MIGRATOR_TEST_FAULT", FaultPoint.ROWS_COPIED + ":kill")
                    .migrate()
                    .awaitExit(KILLED);
            abortsKilledAtEachPoint(move);
        }
    }

    @Test
    void killedAtEveryPointTheAbortOfAStreamEndsWithNothingLeft() throws Exception {
        try (Move move = spooled(pair.move(folder, LEDGER))) {
            Program program = move.migrateUntilCaughtUp();
            program.signal("KILL");
            program.awaitExit(KILLED);
            abortsKilledAtEachPoint(move);
        }
    }

    /// It stays on the target, and so must not what was written to its tables.
    @Test
    void rowsOfAnExtensionThatStaysAreRemovedByTheAbortAfterTheOneThatDroppedTheCopy() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            for (PostgresServer server : List.of(pair.source(), pair.target())) {
                server.execute(
                        move.database(),
                        "set allow_system_table_mods = on",
                        "create schema ext",
                        "create extension hstore schema ext",
                        "create table ext.settings (name text)",
                        "alter extension hstore add table ext.settings",
                        "update pg_extension set extconfig = array['ext.settings'::regclass::oid],"
                                + " extcondition = array['where name <> $$built in$$'] where extname = 'hstore'",
                        "insert into ext.settings values ('built in')");
            }
            move.writeOnSource("create table needs (h ext.hstore)", "insert into ext.settings values ('mine')");
            move.environment("PG_MIGRATOR_TEST_FAULT", FaultPoint.ROWS_COPIED + ":kill")
                    .migrate("--include-schema", "public")
                    .awaitExit(KILLED);
            assertThat(move.onTarget("select name from ext.settings")).containsExactlyInAnyOrder("built in", "mine");
            abortKilledAt(FaultPoint.COPY_DROPPED, move);
            move.environment("PG_MIGRATOR_TEST_FAULT", "")
                    .command("abort", "--yes")
                    .awaitExit(0);
            assertThat(move.onTarget("select name from ext.settings")).containsExactly("built in");
            move.assertNothingOfOursOnTheSource();
        }
    }

    @Test
    void aCopyWhoseAbortHasBegunIsNotGoneOnWithButStartsAgain() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            TcpProxy toSource = move.sourceProxy();
            move.environment("PG_MIGRATOR_TEST_FAULT", FaultPoint.INDEXES_COPIED + ":kill")
                    .migrate()
                    .awaitExit(KILLED);
            toSource.refuse(true);
            Program abort = move.environment("PG_MIGRATOR_TEST_FAULT", "").command("abort", "--yes");
            assertThat(abort.awaitExit(4).told()).contains("LEFT_BEHIND");
            assertThat(move.onTarget("select to_regclass('public.account')::text is null"))
                    .containsExactly("t");
            toSource.refuse(false);

            Program resumed = move.migrate("--resume").awaitOut("the target has caught up");
            assertThat(resumed.out()).contains("the copy starts again").doesNotContain("going on with the copy");
            move.cutOver(resumed);
        }
    }

    private Move spooled(Move move) {
        return move.environment("PG_MIGRATOR_SPOOL_DIR", folder.resolve("spool").toString());
    }

    private void abortsKilledAtEachPoint(Move move) throws Exception {
        for (FaultPoint point : OF_THE_ABORT) {
            abortKilledAt(point, move);
        }
        move.environment("PG_MIGRATOR_TEST_FAULT", "").command("abort", "--yes").awaitExit(0);
        move.assertNothingOfOursOnTheSource();
        move.assertTargetIsEmpty();
        assertThat(move.command("abort", "--yes").awaitExit(0).out()).contains("nothing to abort");
        Path spool = folder.resolve("spool");
        if (Files.exists(spool)) {
            try (Stream<Path> files = Files.list(spool)) {
                assertThat(files).as("left of the spool").isEmpty();
            }
        }
    }

    private static void abortKilledAt(FaultPoint point, Move move) throws Exception {
        move.environment("PG_MIGRATOR_TEST_FAULT", point + ":kill")
                .command("abort", "--yes")
                .awaitExit(KILLED);
    }
}
