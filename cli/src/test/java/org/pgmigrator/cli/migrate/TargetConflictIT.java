package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.sandbox.compare.ComparisonResult;
import org.pgmigrator.sandbox.compare.SequenceRule;

/// Somebody else writes to the target: nothing is skipped, and the message leads to the row.
@ExtendWith(SharedServers.class)
class TargetConflictIT {

    private DatabasePair databases;
    private Traces before;

    @BeforeEach
    void prepare(DatabasePair pair) throws SQLException {
        databases = pair;
        databases.onSource(
                "CREATE TABLE \"Stock item\" (shelf int, place text, amount int CHECK (amount >= 0), PRIMARY KEY (shelf, place))",
                "INSERT INTO \"Stock item\" SELECT i, 'p' || i, i FROM generate_series(1, 20) i",
                "CREATE TABLE visit (page text)",
                "ALTER TABLE visit REPLICA IDENTITY FULL",
                "INSERT INTO visit VALUES ('a'), ('a')");
        before = Traces.ofSource(databases);
    }

    @Test
    void anUpdateWhoseRowIsGoneStopsWithTableKeyAndPosition() throws Exception {
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            databases.onClosedTarget("DELETE FROM \"Stock item\" WHERE shelf = 7");
            databases.onSource("UPDATE \"Stock item\" SET amount = 0 WHERE shelf = 7");

            assertNamesTheRow(run.awaitEnd().assertFailed(6, "ROW_NOT_FOUND_ON_TARGET"), "update");
        }
        databases.onSource("UPDATE \"Stock item\" SET amount = amount + 1");
    }

    @Test
    void aDeleteWhoseRowIsGoneStopsWithTableKeyAndPosition() throws Exception {
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            databases.onClosedTarget("UPDATE \"Stock item\" SET place = 'elsewhere' WHERE shelf = 7");
            databases.onSource("DELETE FROM \"Stock item\" WHERE shelf = 7");

            assertNamesTheRow(run.awaitEnd().assertFailed(6, "ROW_NOT_FOUND_ON_TARGET"), "delete");
        }
    }

    @Test
    void aDeleteOfARowWithoutKeyThatIsGoneStopsWithTheTable() throws Exception {
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            databases.onClosedTarget("DELETE FROM visit");
            databases.onSource("DELETE FROM visit WHERE ctid = (SELECT min(ctid) FROM visit)");

            JsonLine failure = run.awaitEnd().assertFailed(6, "ROW_NOT_FOUND_ON_TARGET");

            assertThat(failure.text("what"))
                    .contains("public.visit")
                    .containsPattern("committed at [0-9A-F]+/[0-9A-F]+");
        }
    }

    @Test
    void aRowThatIsInTheWayIsNamedAndResumeCompletesWhenItIsRemoved() throws Exception {
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            databases.onClosedTarget("INSERT INTO \"Stock item\" VALUES (21, 'p21', 0)");
            databases.onSource(
                    "INSERT INTO visit VALUES ('before')",
                    "BEGIN; INSERT INTO visit VALUES ('with'); INSERT INTO \"Stock item\" VALUES (21, 'p21', 21); COMMIT",
                    "INSERT INTO visit VALUES ('after')");

            JsonLine failure = run.awaitEnd().assertFailed(6, "TARGET_CONSTRAINT_VIOLATION");

            assertThat(failure.text("what")).contains("Stock item");
            assertThat(failure.text("why")).contains("Stock item_pkey");
            assertThat(failure.lines("remedy")).contains("--resume");
            assertThat(failure.text("state")).contains("source is serving", databases.name());
        }
        databases.onSource("UPDATE \"Stock item\" SET amount = amount + 1 WHERE shelf > 10");
        databases.onClosedTarget("DELETE FROM \"Stock item\" WHERE shelf = 21");

        try (MigrationRun run = MigrationRun.start(databases, "--resume")) {
            run.awaitCaughtUp();
            databases.onSource("DELETE FROM \"Stock item\" WHERE shelf = 21");
            run.interrupt().awaitEnd().assertDone();
        }
        ComparisonResult comparison = databases.compare(SequenceRule.EQUAL);
        assertThat(comparison.differences()).as(comparison::toString).isEmpty();
        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        Traces.assertTargetIsCleanAndOpen(databases);
    }

    private void assertNamesTheRow(JsonLine failure, String verb) throws SQLException {
        assertThat(failure.text("what"))
                .containsIgnoringCase(verb)
                .contains("Stock item", "7", "p7", "no row")
                .containsPattern("committed at [0-9A-F]+/[0-9A-F]+");
        assertThat(failure.text("state")).contains("source is serving", databases.name());
        assertThat(databases.sourceValue(
                        "SELECT slot_name FROM pg_replication_slots WHERE slot_name = current_database()"))
                .as("the slot is kept")
                .isEqualTo(databases.name());
    }
}
