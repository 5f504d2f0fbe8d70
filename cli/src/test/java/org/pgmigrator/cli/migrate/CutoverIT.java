package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.cli.migrate.MigrationRun.Ended;
import org.pgmigrator.core.fault.FaultPoint;
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
                MigrationRun run = MigrationRun.start(databases, "--source-lock=none")) {
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
                MigrationRun run = MigrationRun.start(databases, "--cutover-timeout=5", "--source-lock=none")) {
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
        try (MigrationRun run = MigrationRun.start(databases, "--cutover-when=caught-up", "--verify=schema")) {
            Ended ended = run.awaitEnd().assertDone();
            assertThat(ended.all("cutover_step"))
                    .anySatisfy(step -> assertThat(step.text("detail")).contains("schema of ", "are equal"));
        }
        assertComplete(databases, before);
    }

    @Test
    void withoutAnOperatorACutoverGivenUpEndsTheRunAndResumeCompletesIt(DatabasePair databases) throws Exception {
        SHOP.prepare(databases.sourceSessions());
        Traces before = Traces.ofSource(databases);
        try (WorkloadRun shop = openShop(databases);
                MigrationRun run = MigrationRun.start(
                        databases, "--cutover-when=caught-up", "--cutover-timeout=2", "--source-lock=none")) {
            JsonLine failure = run.awaitEnd().assertFailed(8, "CUTOVER_NOT_COMPLETED");
            assertThat(failure.text("why")).contains("--cutover-timeout");
            assertThat(shop.stop().refused()).as("the source serves").isEmpty();
        }
        try (MigrationRun run = MigrationRun.start(databases, "--cutover-when=caught-up", "--resume")) {
            run.awaitEnd().assertDone();
        }
        assertComplete(databases, before);
    }

    @Test
    void aLongTransactionIsNamedKeepsNobodyWaitingAndIsEndedWhenThatIsAskedFor(DatabasePair databases)
            throws Exception {
        SHOP.prepare(databases.sourceSessions());
        databases.onSource("CREATE TABLE held (id int PRIMARY KEY)");
        Traces before = Traces.ofSource(databases);
        try (Connection holder = databases.source().connect(databases.name());
                Statement statement = holder.createStatement();
                MigrationRun run = MigrationRun.start(databases, "--terminate-blockers-after=4s")) {
            run.awaitCaughtUp();
            statement.execute("SET application_name = 'the long report'; BEGIN; LOCK TABLE held IN SHARE MODE");
            try (WorkloadRun shop = openShop(databases)) {
                run.interrupt();
                assertThat(run.awaitWarning("cannot be locked yet").text("text"))
                        .contains("the long report", "pg_terminate_backend", "public.held");
                assertThat(run.awaitWarning("ended, because").text("text")).contains("the long report");
                run.awaitEnd().assertDone();
                assertThat(shop.stop().longestPause())
                        .as("before the lock, nobody queued for longer than an attempt")
                        .isLessThan(Duration.ofSeconds(3));
            }
            assertThatThrownBy(() -> statement.execute("COMMIT")).isInstanceOf(SQLException.class);
        }
        Traces.assertSourceIsClosed(databases);
        assertComplete(databases, before);
    }

    @Test
    void readOnlyEndsTheSessionsAndSaysWhatItDoesNotProtectFrom(DatabasePair databases) throws Exception {
        prepareTable(databases);
        Traces before = Traces.ofSource(databases);
        try (Connection pooled = databases.source().connect(databases.name());
                MigrationRun run = MigrationRun.start(databases, "--source-lock=read-only", "--verify=content")) {
            run.await(
                    "what it does not protect from",
                    line -> line.is("finding") && line.text("why").contains("BEGIN READ WRITE"));
            run.awaitCaughtUp();
            databases.onSource("INSERT INTO item (name) VALUES ('late')");
            Ended ended = run.interrupt().awaitEnd().assertDone();
            assertThat(ended.only("cutover_complete").number("write_downtime_ms"))
                    .isPositive();
            assertThat(pooled.isValid(5)).isFalse();
        }
        assertThatThrownBy(() -> databases.onSource("INSERT INTO item (name) VALUES ('later')"))
                .isInstanceOfSatisfying(
                        SQLException.class,
                        refused -> assertThat(refused.getSQLState()).isEqualTo("25006"));
        assertComplete(databases, before);
    }

    @Test
    void aReadOnlyCutoverThatIsGivenUpLetsTheSourceServe(DatabasePair databases) throws Exception {
        prepareTable(databases);
        try (MigrationRun run = MigrationRun.start(databases, "--source-lock=read-only", "--cutover-timeout=3")) {
            run.awaitCaughtUp();
            databases.onClosedTarget("UPDATE item SET name = 'not from the source'");
            databases.onClosedTarget("INSERT INTO item VALUES (500, 'not from the source')");

            assertThat(run.interrupt().awaitWarning("the cutover was not done").text("text"))
                    .contains("public.item", "2");

            databases.onSource("INSERT INTO item (name) VALUES ('the source serves')");
            Traces.assertSourceIsOpen(databases);
            run.terminate().awaitEnd().assertFailed(143, "STOPPED_BY_TERMINATE");
        }
    }

    @Test
    void aTargetThatDiffersIsNotOpenedAndTheSourceGoesOnServing(DatabasePair databases) throws Exception {
        prepareTable(databases);
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            databases.onClosedTarget("INSERT INTO item VALUES (500, 'not from the source')");

            JsonLine givenUp = run.interrupt().awaitWarning("the cutover was not done");

            assertThat(givenUp.text("text")).contains("public.item");
            databases.onSource("INSERT INTO item (name) VALUES ('the source serves')");
            databases.onClosedTarget("DELETE FROM item WHERE id = 500");
            run.interrupt().awaitEnd().assertDone();
        }
        assertThat(databases.targetValue("SELECT count(*) FROM item")).isEqualTo("2");
    }

    @Test
    void ctrlCUnderTheLockUnlocksTheSourceAtOnceAndResumeGoesOn(DatabasePair databases, @TempDir Path folder)
            throws Exception {
        prepareTable(databases);
        Traces before = Traces.ofSource(databases);
        Path file = folder.resolve("locked");
        try (MigrationRun run = MigrationRun.startAndWaitAt(FaultPoint.LOCKED, file, databases)) {
            run.awaitCaughtUp().interrupt();
            await().atMost(MigrationRun.DEADLINE).until(() -> Files.exists(file));

            run.interrupt().awaitEnd().assertFailed(130, "STOPPED_BY_INTERRUPT");

            databases.onSource("SET statement_timeout = '2s'", "INSERT INTO item (name) VALUES ('the source serves')");
            assertThat(databases.targetValue("SHOW default_transaction_read_only"))
                    .isEqualTo("on");
        }
        try (MigrationRun run = MigrationRun.start(databases, "--resume")) {
            run.awaitCaughtUp().interrupt().awaitEnd().assertDone();
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
