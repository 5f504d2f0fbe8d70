package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// Killed at every point from the start to the cutover, one after another, while the application writes: each resume
/// gets to the next one, and at the end nothing is missing or doubled. `CutoverFaultIT` has those of the cutover, and
/// `AbortFaultIT` those of an abort.
class FaultPointIT {

    private static final Ledger LEDGER = new Ledger(1);
    private static final int KILLED = 137;

    private static final List<FaultPoint> OF_THE_COPY = List.of(
            FaultPoint.BEGUN,
            FaultPoint.SLOT_CREATED,
            FaultPoint.COPY_FORGOTTEN,
            FaultPoint.COPY_UNDONE,
            FaultPoint.COPY_BEGUN,
            FaultPoint.DEFINITIONS_COPIED,
            FaultPoint.PART_COPIED,
            FaultPoint.ROWS_COPIED,
            // There is nothing to be dropped before the copy has written.
            FaultPoint.COPY_DROPPED,
            FaultPoint.LARGE_OBJECTS_COPIED,
            FaultPoint.INDEXES_COPIED,
            FaultPoint.COPY_COMPLETE);

    private static final List<FaultPoint> OF_THE_STREAM = List.of(FaultPoint.APPLIED, FaultPoint.COMMITTED);

    private static final List<FaultPoint> OF_THE_SPOOL =
            List.of(FaultPoint.RECEIVED, FaultPoint.DURABLE, FaultPoint.DURABLE_NOTED);

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
        Set<FaultPoint> elsewhere = EnumSet.range(FaultPoint.READY, FaultPoint.SPOOL_REMOVED);
        assertThat(Stream.of(OF_THE_COPY, OF_THE_STREAM, OF_THE_SPOOL).flatMap(List::stream))
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(FaultPoint.values())
                        .filter(point -> !elsewhere.contains(point))
                        .toList());
    }

    @Test
    void killedAtEveryPointOfCopyAndStreamResumeEndsRight() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            killedAt(Stream.of(OF_THE_COPY, OF_THE_STREAM).flatMap(List::stream).toList(), move);
        }
    }

    @Test
    void killedAtEveryPointOfTheSpoolAndOfLanesResumeEndsRight() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            move.environment("PG_MIGRATOR_SPOOL_DIR", folder.resolve("spool").toString())
                    .environment("PG_MIGRATOR_APPLY_LANES", "3");
            killedAt(
                    Stream.of(OF_THE_SPOOL, OF_THE_STREAM).flatMap(List::stream).toList(), move);
        }
    }

    /// It stays on the target when the copy is removed, and what was written to its tables must not.
    @Test
    void rowsOfAnExtensionThatStaysAreNotDoubledByACopyThatStartsAgain() throws Exception {
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
            move.writeOnSource(
                    "create table needs (h ext.hstore)", "insert into ext.settings values ('mine'), ('mine')");
            for (FaultPoint point : List.of(FaultPoint.ROWS_COPIED, FaultPoint.COPY_COMPLETE)) {
                String[] options = {
                    "--include-schema", "public", "--copy", point == FaultPoint.ROWS_COPIED ? "stream" : "dump"
                };
                move.environment("PG_MIGRATOR_TEST_FAULT", point + ":kill")
                        .migrate(options)
                        .awaitExit(KILLED);
                Program resumed = move.environment("PG_MIGRATOR_TEST_FAULT", "")
                        .migrate(Stream.concat(Stream.of("--resume"), Arrays.stream(options))
                                .toArray(String[]::new));
                resumed.awaitOut("the target has caught up");
                assertThat(resumed.out()).contains("the copy starts again");
                assertThat(move.onTarget("select name from ext.settings order by 1"))
                        .containsExactly("built in", "mine", "mine");
                resumed.signal("TERM");
                resumed.awaitExit(143);
                move.command("abort", "--yes").awaitExit(0);
                assertThat(move.onTarget("select name from ext.settings")).containsExactly("built in");
            }
        }
    }

    private static void killedAt(List<FaultPoint> points, Move move) throws Exception {
        WorkloadRun application = move.write(LEDGER, 50);
        String[] options = {};
        for (FaultPoint point : points) {
            move.environment("PG_MIGRATOR_TEST_FAULT", point + ":kill")
                    .migrate(options)
                    .awaitExit(KILLED);
            options = new String[] {"--resume"};
        }
        Program last = move.environment("PG_MIGRATOR_TEST_FAULT", "").migrate(options);
        last.awaitOut("the target has caught up");
        application.stop();
        move.cutOver(last);
    }
}
