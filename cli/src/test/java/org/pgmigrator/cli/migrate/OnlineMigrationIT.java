package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.cli.migrate.MigrationRun.Ended;
import org.pgmigrator.sandbox.compare.ComparisonResult;
import org.pgmigrator.sandbox.compare.SequenceRule;
import org.pgmigrator.sandbox.workload.TpcB;
import org.pgmigrator.sandbox.workload.Workload;
import org.pgmigrator.sandbox.workload.WorkloadOptions;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// What the options change: which tables are carried, how, and what stays afterwards.
@ExtendWith(SharedServers.class)
class OnlineMigrationIT {

    private static final Workload PGBENCH = TpcB.ofScale(1).withoutHistoryKey();

    /// Two tables with keys and one without, which only grows.
    private static final String[] SCHEMA = {
        "CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)",
        "CREATE TABLE \"Odd \"\"Name\"\"\" (id serial PRIMARY KEY, \"Größe\" numeric)",
        "CREATE TABLE event (item bigint, what text)",
        "INSERT INTO item (name) SELECT 'item ' || i FROM generate_series(1, 100) i",
        "INSERT INTO \"Odd \"\"Name\"\"\" (\"Größe\") VALUES (1.50), (NULL)",
        "INSERT INTO event SELECT 1, 'seen' FROM generate_series(1, 10)"
    };

    private static final String[] CHANGES = {
        "UPDATE item SET name = 'changed' WHERE id % 10 = 0",
        "DELETE FROM item WHERE id % 10 = 1",
        "INSERT INTO item (name) VALUES ('late')",
        "INSERT INTO \"Odd \"\"Name\"\"\" (\"Größe\") VALUES (2)",
        "INSERT INTO event VALUES (2, 'late'), (2, 'late')"
    };

    @Test
    void aTableWithoutKeyIsCarriedByFullRowsAndGetsItsOwnIdentityBack(DatabasePair databases) throws Exception {
        PGBENCH.prepare(databases.sourceSessions());
        Traces before = Traces.ofSource(databases);

        migrateWhileWritten(databases, "--without-identity=full");

        assertEqual(databases);
        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        Traces.assertTargetIsCleanAndOpen(databases);
    }

    @Test
    void aTableWithoutKeyThatOnlyGrewIsProvedEqual(DatabasePair databases) throws Exception {
        PGBENCH.prepare(databases.sourceSessions());
        Traces before = Traces.ofSource(databases);

        Ended ended = migrateWhileWritten(databases, "--without-identity=insert-only");

        assertThat(ended.all("cutover_step"))
                .anySatisfy(step -> assertThat(step.text("detail")).contains("1 insert-only table"));
        assertEqual(databases);
        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        Traces.assertTargetIsCleanAndOpen(databases);
    }

    @Test
    void aTableThatDidNotOnlyGrowRefusesTheCutoverWithItsName(DatabasePair databases) throws Exception {
        databases.onSource(SCHEMA);
        try (MigrationRun run = MigrationRun.start(databases, "--without-identity=insert-only")) {
            run.awaitCaughtUp();
            databases.onSource("UPDATE event SET what = 'changed' WHERE ctid = (SELECT min(ctid) FROM event)");

            JsonLine givenUp = run.interrupt().awaitWarning("the cutover was not done");

            assertThat(givenUp.text("text"))
                    .contains("public.event", "The source is serving and the stream goes on")
                    .doesNotContain("item");
            run.terminate().awaitEnd().assertFailed(143, "STOPPED_BY_TERMINATE");
        }
        databases.onSource(CHANGES);
        assertThat(databases.targetValue("SHOW default_transaction_read_only"))
                .as("the target stays closed")
                .isEqualTo("on");
    }

    @Test
    void thePublicationOfTheOperatorIsUsedAndKept(DatabasePair databases) throws Exception {
        databases.onSource(SCHEMA);
        databases.onSource(
                "ALTER TABLE event REPLICA IDENTITY FULL",
                "CREATE PUBLICATION \"Mine, all\" FOR TABLE item, \"Odd \"\"Name\"\"\", event");
        Traces before = Traces.ofSource(databases);

        migrateWithChanges(databases, "--publication=Mine, all");

        assertEqual(databases);
        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        // A publication is part of the database, so the dump carries it; only ours is left out.
        assertThat(databases.targetRows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pgmigrator%'"))
                .isEmpty();
    }

    @Test
    void keepSubscriptionKeepsSlotPublicationAndProgressAndSaysHowToRemoveThem(DatabasePair databases)
            throws Exception {
        databases.onSource(SCHEMA);

        Ended ended = migrateWithChanges(databases, "--without-identity=full", "--keep-subscription");

        assertEqual(databases);
        assertThat(databases.sourceValue(
                        "SELECT database FROM pg_replication_slots WHERE slot_name = current_database()"))
                .isEqualTo(databases.name());
        assertThat(databases.sourceValue(
                        "SELECT count(*) FROM pg_publication_tables WHERE pubname = current_database()"))
                .isEqualTo("3");
        assertThat(databases.targetValue("SELECT count(*) FROM pgmigrator.progress"))
                .isEqualTo("1");
        assertThat(databases.targetValue("SHOW default_transaction_read_only"))
                .as("the target is open all the same")
                .isEqualTo("off");
        assertThat(ended.only("complete").lines("summary"))
                .contains("pg_drop_replication_slot", "'" + databases.name() + "'")
                .contains("DROP PUBLICATION")
                .contains("REPLICA IDENTITY DEFAULT");
    }

    @Test
    void aFilterHoldsForDumpStreamAndSequences(DatabasePair databases) throws Exception {
        prepareForFilters(databases);

        try (MigrationRun run =
                MigrationRun.start(databases, "--include-schema=app", "--exclude-table=app.skipped,app.measure")) {
            run.awaitCaughtUp();
            changeEverything(databases);
            run.interrupt().awaitEnd().assertDone();
        }

        assertThat(databases.targetRows(TABLES)).containsExactly("app.kept", "app.late_key");
        assertThat(databases.targetRows(SEQUENCES))
                .containsExactly("app.free", "app.kept_id_seq", "app.late_key_id_seq");
        assertTheKeptTableIsComplete(databases);
    }

    @Test
    void anIncludedTableBringsItsSequenceAndPartitionsAlong(DatabasePair databases) throws Exception {
        prepareForFilters(databases);

        try (MigrationRun run = MigrationRun.start(databases, "--include-table=app.kept,app.measure")) {
            run.awaitCaughtUp();
            changeEverything(databases);
            run.interrupt().awaitEnd().assertDone();
        }

        assertThat(databases.targetRows(TABLES))
                .containsExactly("app.kept", "app.measure", "app.measure_1", "app.measure_2");
        assertTheKeptTableIsComplete(databases);
        assertThat(databases.targetRows("SELECT * FROM app.measure ORDER BY 1, 2"))
                .containsExactly("1|10", "1|11", "2|20", "2|21");
    }

    private static final String TABLES =
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace <> ALL"
                    + " (ARRAY['pg_catalog', 'information_schema']::regnamespace[]) ORDER BY 1";

    private static final String SEQUENCES = "SELECT seqrelid::regclass::text FROM pg_sequence ORDER BY 1";

    private static void prepareForFilters(DatabasePair databases) throws SQLException {
        databases.onSource(
                "CREATE SCHEMA app",
                "CREATE SCHEMA other",
                "CREATE TABLE app.kept (id serial PRIMARY KEY, name text)",
                "CREATE TABLE app.late_key (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
                "CREATE TABLE app.skipped (id serial PRIMARY KEY, name text)",
                "CREATE TABLE app.measure (sensor int, value int, PRIMARY KEY (sensor, value)) PARTITION BY LIST (sensor)",
                "CREATE TABLE app.measure_1 PARTITION OF app.measure FOR VALUES IN (1)",
                "CREATE TABLE app.measure_2 PARTITION OF app.measure FOR VALUES IN (2)",
                "CREATE SEQUENCE app.free",
                "CREATE TABLE other.elsewhere (id serial PRIMARY KEY, name text)",
                "INSERT INTO app.kept (name) VALUES ('early')",
                "INSERT INTO app.skipped (name) VALUES ('early')",
                "INSERT INTO app.measure VALUES (1, 10), (2, 20)",
                "INSERT INTO other.elsewhere (name) VALUES ('early')");
    }

    private static void changeEverything(DatabasePair databases) throws SQLException {
        databases.onSource(
                "INSERT INTO app.skipped (name) VALUES ('late')",
                "INSERT INTO other.elsewhere (name) VALUES ('late')",
                "INSERT INTO app.kept (name) VALUES ('late')",
                "INSERT INTO app.measure VALUES (1, 11), (2, 21)",
                "UPDATE app.kept SET name = 'changed' WHERE name = 'early'",
                "DELETE FROM app.skipped WHERE name = 'early'");
    }

    private static void assertTheKeptTableIsComplete(DatabasePair databases) throws SQLException {
        assertThat(databases.targetRows("SELECT * FROM app.kept ORDER BY id")).containsExactly("1|changed", "2|late");
        assertThat(databases.targetValue("SELECT nextval('app.kept_id_seq')")).isEqualTo("3");
    }

    /// Runs pgbench's transactions from before the first check until just before Ctrl+C.
    private static Ended migrateWhileWritten(DatabasePair databases, String... options) throws Exception {
        try (WorkloadRun pgbench = WorkloadOptions.of(PGBENCH)
                        .clients(2)
                        .transactionsPerSecond(200)
                        .start(databases.sourceSessions());
                MigrationRun run = MigrationRun.start(databases, options)) {
            run.awaitCaughtUp();
            assertThat(pgbench.awaitCommitted(pgbench.committed() + 200, MigrationRun.DEADLINE))
                    .isTrue();
            assertThat(pgbench.stop().refused()).isEmpty();
            return run.interrupt().awaitEnd().assertDone();
        }
    }

    private static Ended migrateWithChanges(DatabasePair databases, String... options) throws Exception {
        try (MigrationRun run = MigrationRun.start(databases, options)) {
            run.awaitCaughtUp();
            databases.onSource(CHANGES);
            return run.interrupt().awaitEnd().assertDone();
        }
    }

    private static void assertEqual(DatabasePair databases) throws SQLException {
        ComparisonResult comparison = databases.compare(SequenceRule.EQUAL);
        assertThat(comparison.differences()).as(comparison::toString).isEqualTo(List.of());
    }
}
