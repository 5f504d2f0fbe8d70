package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.cli.migrate.MigrationRun.Ended;
import org.pgmigrator.sandbox.workload.Shop;
import org.pgmigrator.sandbox.workload.WorkloadOptions;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// `--json` as a script reads it. That every line is one JSON object is checked by [MigrationRun], in all tests.
@ExtendWith(SharedServers.class)
class JsonOutputIT {

    private static final Shop SHOP = Shop.ofSize(50);

    private static final Pattern LSN = Pattern.compile("[0-9A-F]{1,8}/[0-9A-F]{1,8}");

    @Test
    void aMigrationTellsItsPhasesInOrderAndEndsWithComplete(DatabasePair databases) throws Exception {
        Ended ended = migrate(databases);

        assertThat(ended.all("phase").stream().map(line -> line.text("phase")))
                .containsExactly("Validate", "PrepareSnapshot", "Dump", "Restore", "StreamApply", "Cutover");
        assertThat(ended.lines().getLast().event()).isEqualTo("complete");
        assertThat(ended.only("complete").number("exit_code")).isZero();
        assertThat(ended.all("failure")).isEmpty();
        assertThat(ended.err()).as("what a person would have to read").isEmpty();
        assertTimesRise(ended.lines());
        assertPhasesRise(ended.lines());
    }

    @Test
    void everyHeartbeatHasItsPositionsAndTheyNeverFallBack(DatabasePair databases) throws Exception {
        List<JsonLine> heartbeats = migrate(databases).all("lag");

        assertThat(heartbeats).hasSizeGreaterThan(3);
        assertThat(heartbeats).allSatisfy(line -> {
            assertThat(line.names())
                    .contains(
                            "source_lsn",
                            "received_lsn",
                            "applied_lsn",
                            "lag_bytes",
                            "lag_seconds",
                            "changes_per_second",
                            "slot_wal_status",
                            "retained_bytes");
            for (String position : List.of("source_lsn", "received_lsn", "applied_lsn")) {
                assertThat(line.text(position)).matches(LSN);
            }
            assertThat(line.number("lag_bytes")).isNotNegative();
            assertThat(line.number("retained_bytes")).isNotNegative();
            assertThat(line.field("lag_seconds"))
                    .satisfiesAnyOf(
                            unknown -> assertThat(unknown).isNull(),
                            seconds -> assertThat((Double) seconds).isNotNegative());
            assertThat((Double) line.field("changes_per_second")).isNotNegative();
            assertThat(line.text("slot_wal_status")).isIn("reserved", "extended");
        });
        assertNeverFalls(heartbeats, "source_lsn");
        assertNeverFalls(heartbeats, "received_lsn");
        assertNeverFalls(heartbeats, "applied_lsn");
        assertThat(heartbeats)
                .as("the shop was open")
                .anySatisfy(line ->
                        assertThat((Double) line.field("changes_per_second")).isPositive());
    }

    @Test
    void theStepsOfTheCutoverHaveTheirMilliseconds(DatabasePair databases) throws Exception {
        Ended ended = migrate(databases);

        List<JsonLine> steps = ended.all("cutover_step");
        assertThat(steps.stream().map(step -> step.text("step")))
                .containsExactly(
                        "prepare",
                        "lock",
                        "catalogue",
                        "drain",
                        "unlogged tables",
                        "large objects",
                        "materialized views",
                        "sequences",
                        "verify",
                        "target",
                        "fence",
                        "open target",
                        "clean up");
        assertThat(steps).allSatisfy(step -> {
            assertThat(step.number("milliseconds")).isNotNegative();
            assertThat(step.text("phase")).isEqualTo("Cutover");
        });
        JsonLine complete = ended.only("cutover_complete");
        assertThat(complete.text("final_lsn")).matches(LSN);
        assertThat(complete.number("milliseconds")).isPositive();
        assertThat(complete.number("write_downtime_ms"))
                .isPositive()
                .isLessThanOrEqualTo(complete.number("milliseconds"));
        assertThat(ended.lines().indexOf(complete)).isGreaterThan(ended.lines().indexOf(steps.getLast()));
    }

    @Test
    void aCutoverWithMuchLagDrainsFirstAndStaysInItsPhase(DatabasePair databases) throws Exception {
        databases.onSource("CREATE TABLE item (id int PRIMARY KEY, name text)");
        try (MigrationRun run = MigrationRun.start(databases);
                Connection reader = databases.targetSessions().open()) {
            run.awaitCaughtUp();
            holdUpItem(reader);
            databases.onSource("INSERT INTO item SELECT i, 'item ' || i FROM generate_series(1, 400000) i");
            run.interrupt();
            run.await(
                    "a heartbeat while it drains",
                    line -> line.is("lag") && line.text("phase").equals("Cutover") && line.number("lag_bytes") > 0);
            reader.commit();
            assertPhasesRise(run.awaitEnd().assertDone().lines());
        }
        assertThat(databases.targetValue("SELECT count(*) FROM item")).isEqualTo("400000");
    }

    @Test
    void aRefusalIsOneFailureWithStateRemedyAndExitCode(DatabasePair databases) throws Exception {
        databases.onSource("CREATE TABLE keyless (a int)");
        try (MigrationRun run = MigrationRun.start(databases)) {
            Ended ended = run.awaitEnd();

            JsonLine failure = ended.assertFailed(3, "CHECK_REFUSED");
            assertThat(ended.lines().getLast()).isSameAs(failure);
            assertThat(failure.text("state")).contains("nothing was changed");
            assertThat(failure.lines("remedy")).isNotEmpty();
            assertThat(ended.all("finding")).anySatisfy(finding -> {
                assertThat(finding.text("severity")).isEqualTo("ERROR");
                assertThat(finding.text("what")).contains("keyless");
                assertThat(finding.lines("remedy")).contains("REPLICA IDENTITY");
            });
            assertThat(ended.err()).contains("CHECK_REFUSED");
        }
    }

    /// Nothing is applied to the table before the session commits, however fast the machine.
    private static void holdUpItem(Connection reader) throws SQLException {
        reader.setAutoCommit(false);
        try (Statement statement = reader.createStatement()) {
            statement.execute("LOCK TABLE item IN EXCLUSIVE MODE");
        }
    }

    private static Ended migrate(DatabasePair databases) throws Exception {
        SHOP.prepare(databases.sourceSessions());
        try (WorkloadRun shop = WorkloadOptions.of(SHOP)
                        .clients(2)
                        .transactionsPerSecond(100)
                        .start(databases.sourceSessions());
                MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            for (int beat = 0; beat < 4; beat++) {
                run.awaitEvent("lag");
            }
            run.await(
                    "a heartbeat with changes",
                    line -> line.is("lag")
                            && line.field("changes_per_second") instanceof Double changes
                            && changes > 0);
            shop.stop();
            return run.interrupt().awaitEnd().assertDone();
        }
    }

    private static void assertTimesRise(List<JsonLine> lines) {
        Instant last = Instant.EPOCH;
        for (JsonLine line : lines) {
            Instant time = Instant.parse(line.text("time"));
            assertThat(time).as(line::toString).isAfterOrEqualTo(last);
            last = time;
        }
    }

    /// A migration that is not disturbed only goes forward, but for a lag that rises and falls.
    private static void assertPhasesRise(List<JsonLine> lines) {
        List<String> order =
                List.of("Validate", "PrepareSnapshot", "Dump", "Restore", "StreamApply", "CaughtUp", "Cutover");
        int last = 0;
        for (JsonLine line : lines) {
            int phase = order.indexOf(line.text("phase"));
            boolean fellBehind = last == order.indexOf("CaughtUp") && phase == order.indexOf("StreamApply");
            if (!fellBehind) {
                assertThat(phase).as(line::toString).isGreaterThanOrEqualTo(last);
            }
            last = phase;
        }
    }

    private static void assertNeverFalls(List<JsonLine> lines, String position) {
        long last = 0;
        for (JsonLine line : lines) {
            String[] halves = line.text(position).split("/", -1);
            long value = Long.parseLong(halves[0], 16) << 32 | Long.parseLong(halves[1], 16);
            assertThat(value).as(line::toString).isGreaterThanOrEqualTo(last);
            last = value;
        }
    }
}
