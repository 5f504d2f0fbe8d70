package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.cli.migrate.MigrationRun.Ended;
import org.pgmigrator.sandbox.compare.ComparisonResult;
import org.pgmigrator.sandbox.compare.SequenceRule;
import org.pgmigrator.sandbox.workload.Shop;
import org.pgmigrator.sandbox.workload.WorkloadOptions;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// When the cutover waits, when it is given up, and that neither does harm: it can be asked for again.
@ExtendWith(SharedServers.class)
class CutoverIT {

    private static final Shop SHOP = Shop.ofSize(50);

    private static WorkloadRun openShop(DatabasePair databases) {
        return WorkloadOptions.of(SHOP).clients(2).transactionsPerSecond(100).start(databases.sourceSessions());
    }

    private static void prepareTable(DatabasePair databases) throws SQLException {
        databases.onSource(
                "CREATE TABLE item (id bigserial PRIMARY KEY, name text)", "INSERT INTO item (name) VALUES ('early')");
    }

    @Test
    void theCutoverWaitsAndSaysSoUntilTheWritesHaveStopped(DatabasePair databases) throws Exception {
        SHOP.prepare(databases.sourceSessions());
        Traces before = Traces.ofSource(databases);
        try (WorkloadRun shop = openShop(databases);
                MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp().interrupt();
            run.awaitWarning("still being written to");
            run.awaitWarning("still being written to");
            shop.stop();
            run.awaitEnd().assertDone();
        }
        assertComplete(databases, before);
    }

    @Test
    void aCutoverThatTakesTooLongIsGivenUpAndALaterOneCompletes(DatabasePair databases) throws Exception {
        SHOP.prepare(databases.sourceSessions());
        Traces before = Traces.ofSource(databases);
        try (WorkloadRun shop = openShop(databases);
                MigrationRun run = MigrationRun.start(databases, "--cutover-timeout=5")) {
            run.awaitCaughtUp().interrupt();
            JsonLine givenUp = run.awaitWarning("the cutover was not done");
            assertThat(givenUp.text("text")).contains("--cutover-timeout", "the stream goes on");
            assertThat(databases.targetValue("SHOW default_transaction_read_only"))
                    .isEqualTo("on");
            run.await("a heartbeat of the stream", line -> line.is("lag"));
            shop.stop();
            run.interrupt().awaitEnd().assertDone();
        }
        assertComplete(databases, before);
    }

    @Test
    void aTableCreatedDuringTheStreamIsNamedAndRefusesTheCutoverWhileItExists(DatabasePair databases) throws Exception {
        prepareTable(databases);
        Traces before = Traces.ofSource(databases);
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            databases.onSource("CREATE TABLE \"New one\" (id int PRIMARY KEY)");
            assertThat(run.awaitWarning("schema changes").text("text")).contains("New one");

            run.interrupt();
            assertThat(run.awaitWarning("the cutover was not done").text("text"))
                    .contains("New one");

            databases.onSource("INSERT INTO item (name) VALUES ('late')", "DROP TABLE \"New one\"");
            run.interrupt().awaitEnd().assertDone();
        }
        assertComplete(databases, before);
    }

    @Test
    void aColumnAddedDuringTheStreamIsNamedAndRefusesTheCutover(DatabasePair databases) throws Exception {
        prepareTable(databases);
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            databases.onSource("ALTER TABLE item ADD COLUMN price numeric");
            assertThat(run.awaitWarning("schema changes").text("text")).contains("public.item");

            run.interrupt();
            assertThat(run.awaitWarning("the cutover was not done").text("text"))
                    .contains("public.item");

            Ended ended = run.terminate().awaitEnd();
            assertThat(ended.assertFailed(143, "STOPPED_BY_TERMINATE").lines("remedy"))
                    .contains("--resume");
        }
        databases.onSource("INSERT INTO item (name, price) VALUES ('the source serves', 1)");
    }

    @Test
    void aPreparedTransactionRefusesTheCutoverUntilItHasEnded(DatabasePair databases) throws Exception {
        prepareTable(databases);
        Traces before = Traces.ofSource(databases);
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            databases.onSource(
                    "BEGIN; INSERT INTO item (name) VALUES ('prepared'); PREPARE TRANSACTION 'order of Mr. O''Hara'");

            run.interrupt();
            assertThat(run.awaitWarning("the cutover was not done").text("text"))
                    .contains("order of Mr. O'Hara");

            databases.onSource("COMMIT PREPARED 'order of Mr. O''Hara'");
            run.interrupt().awaitEnd().assertDone();
        }
        assertThat(databases.targetValue("SELECT count(*) FROM item WHERE name = 'prepared'"))
                .isEqualTo("1");
        assertComplete(databases, before);
    }

    @Test
    void withoutAnOperatorTheCutoverBeginsByItself(DatabasePair databases) throws Exception {
        SHOP.prepare(databases.sourceSessions());
        Traces before = Traces.ofSource(databases);
        try (MigrationRun run = MigrationRun.start(databases, "--cutover-when=caught-up")) {
            run.awaitEnd().assertDone();
        }
        assertComplete(databases, before);
    }

    @Test
    void withoutAnOperatorACutoverGivenUpEndsTheRunAndResumeCompletesIt(DatabasePair databases) throws Exception {
        SHOP.prepare(databases.sourceSessions());
        Traces before = Traces.ofSource(databases);
        try (WorkloadRun shop = openShop(databases);
                MigrationRun run = MigrationRun.start(databases, "--cutover-when=caught-up", "--cutover-timeout=2")) {
            JsonLine failure = run.awaitEnd().assertFailed(8, "CUTOVER_NOT_COMPLETED");
            assertThat(failure.text("why")).contains("--cutover-timeout");
            assertThat(shop.stop().refused()).as("the source serves").isEmpty();
        }
        try (MigrationRun run = MigrationRun.start(databases, "--cutover-when=caught-up", "--resume")) {
            run.awaitEnd().assertDone();
        }
        assertComplete(databases, before);
    }

    private static void assertComplete(DatabasePair databases, Traces before) throws SQLException {
        ComparisonResult comparison = databases.compare(SequenceRule.EQUAL);
        assertThat(comparison.differences()).as(comparison::toString).isEmpty();
        assertThat(Traces.ofSource(databases)).as("the source").isEqualTo(before);
        Traces.assertTargetIsCleanAndOpen(databases);
    }
}
