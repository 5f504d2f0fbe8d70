package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.sandbox.compare.SequenceRule;
import org.pgmigrator.sandbox.workload.Shop;
import org.pgmigrator.sandbox.workload.WorkloadOptions;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// `cutover` from another terminal: what it sets in motion, what it sees of it, and when it is refused.
@ExtendWith(SharedServers.class)
class CutoverCommandIT {

    private static void prepareTable(DatabasePair databases) throws SQLException {
        databases.onSource(
                "CREATE TABLE item (id bigserial PRIMARY KEY, name text)",
                "INSERT INTO item (name) SELECT 'item ' || i FROM generate_series(1, 1000) i");
    }

    @Test
    void theCutoverThatIsAskedForCompletesAndBothTerminalsSaySo(DatabasePair databases) throws Exception {
        prepareTable(databases);
        Traces before = Traces.ofSource(databases);
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            databases.onSource("INSERT INTO item (name) VALUES ('late')");

            OtherTerminal.Said said =
                    OtherTerminal.at(databases).json("cutover").assertDone();

            MigrationRun.Ended ended = run.awaitEnd().assertDone();
            assertThat(said.lines().stream()
                            .filter(line -> line.is("cutover_step"))
                            .map(line -> line.text("step")))
                    .containsExactlyElementsOf(ended.all("cutover_step").stream()
                            .map(line -> line.text("step"))
                            .toList())
                    .contains("drain", "open target");
            assertThat(said.only("cutover_complete").text("final_lsn"))
                    .isEqualTo(ended.only("cutover_complete").text("final_lsn"));
            assertThat(said.only("complete").lines("summary"))
                    .isEqualTo(ended.only("complete").lines("summary"));
            assertThat(ended.all("notice").stream().map(line -> line.text("text")))
                    .anyMatch(text -> text.contains("has asked for the cutover from another terminal"));
        }
        assertComplete(databases, before);
    }

    @Test
    void aCutoverThatIsGivenUpEndsWith8AndTheNextOneMaySucceed(DatabasePair databases) throws Exception {
        prepareTable(databases);
        Traces before = Traces.ofSource(databases);
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            databases.onSource("CREATE TABLE late (id int PRIMARY KEY)");

            JsonLine failure = OtherTerminal.at(databases).json("cutover").assertFailed(8, "CUTOVER_NOT_COMPLETED");

            assertThat(failure.text("why")).contains("public.late");
            assertThat(failure.text("state")).contains("the source is serving");
            run.await(
                    "a heartbeat after it",
                    line -> line.is("lag") && line.text("phase").equals("CaughtUp"));

            databases.onSource("DROP TABLE late");
            OtherTerminal.at(databases).json("cutover").assertDone();
            run.awaitEnd().assertDone();
        }
        assertComplete(databases, before);
    }

    @Test
    void twoTerminalsThatAskAtOnceBothFollowTheOneCutover(DatabasePair databases) throws Exception {
        prepareTable(databases);
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            // The cutover waits for this writer, so that both can ask before it ends.
            try (Connection writer = databases.source().connect(databases.name());
                    Statement statement = writer.createStatement()) {
                statement.execute("BEGIN");
                statement.execute("INSERT INTO item (name) VALUES ('open')");
                try (MigrationRun first = MigrationRun.command(databases, "cutover");
                        MigrationRun second = MigrationRun.command(databases, "cutover")) {
                    first.await("it was taken up", line -> line.is("notice"));
                    second.await("it was taken up", line -> line.is("notice"));
                    statement.execute("COMMIT");
                    first.awaitEnd().assertDone().only("cutover_complete");
                    second.awaitEnd().assertDone().only("complete");
                }
            }
            run.awaitEnd().assertDone();
        }
        assertThat(databases.targetValue("SELECT count(*) FROM item")).isEqualTo("1001");
    }

    @Test
    void ctrlCInTheAskingTerminalOnlyStopsWatching(DatabasePair databases) throws Exception {
        prepareTable(databases);
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            try (Connection writer = databases.source().connect(databases.name());
                    Statement statement = writer.createStatement()) {
                statement.execute("BEGIN");
                statement.execute("INSERT INTO item (name) VALUES ('open')");
                try (MigrationRun asking = MigrationRun.command(databases, "cutover")) {
                    asking.await("it was taken up", line -> line.is("notice"));
                    asking.interrupt().awaitEnd().assertFailed(130, "STOPPED_BY_INTERRUPT");
                }
                statement.execute("COMMIT");
            }
            run.awaitEnd().assertDone();
        }
        assertThat(databases.targetValue("SELECT count(*) FROM item")).isEqualTo("1001");
    }

    @Test
    void beforeTheStreamItIsRefusedAndTheCopyGoesOn(DatabasePair databases) throws Exception {
        prepareTable(databases);
        try (Connection writer = databases.source().connect(databases.name());
                Statement statement = writer.createStatement()) {
            statement.execute("BEGIN");
            statement.execute("INSERT INTO item (name) VALUES ('open')");
            try (MigrationRun run = MigrationRun.start(databases)) {
                run.await(
                        "the slot waits for the writer",
                        line -> line.is("notice") && line.text("text").contains("waiting for transactions"));

                JsonLine failure = OtherTerminal.at(databases).json("cutover").assertFailed(8, "CUTOVER_NOT_COMPLETED");

                assertThat(failure.text("why")).contains("the copy is not complete yet", "PrepareSnapshot");
                statement.execute("COMMIT");
                run.awaitCaughtUp().interrupt().awaitEnd().assertDone();
            }
        }
    }

    @Test
    void withNobodyAtWorkItSaysHowToGoOnAndAnOldRequestIsNotCarriedOut(DatabasePair databases) throws Exception {
        prepareTable(databases);
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp().terminate().awaitEnd().assertFailed(143, "STOPPED_BY_TERMINATE");
        }

        JsonLine failure = OtherTerminal.at(databases).json("cutover").assertFailed(8, "CUTOVER_NOT_COMPLETED");

        assertThat(failure.text("what")).contains("No process is at work");
        assertThat(failure.lines("remedy")).contains("--resume", "abort");

        // As a terminal leaves it that died between its question and the process's end.
        databases.onClosedTarget("INSERT INTO pgmigrator.request (subscription, kind, asked_by, state)"
                + " VALUES ('pg_migrator', 'CUTOVER', 'a ghost', 'ASKED')");
        try (MigrationRun run = MigrationRun.start(databases, "--resume")) {
            run.awaitCaughtUp();
            for (int heartbeat = 0; heartbeat < 15; heartbeat++) {
                run.await(
                        "a heartbeat of the stream",
                        line -> line.is("lag") && line.text("phase").equals("CaughtUp"));
            }
            assertThat(databases.targetValue("SELECT state FROM pgmigrator.request WHERE asked_by = 'a ghost'"))
                    .isEqualTo("ENDED");
            run.interrupt().awaitEnd().assertDone();
        }
    }

    @Test
    void aTargetWithoutTheMigrationSaysWhatItHas(DatabasePair databases) throws Exception {
        prepareTable(databases);
        OtherTerminal.at(databases).json("cutover").assertFailed(6, "NO_MIGRATION");
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();

            JsonLine failure = OtherTerminal.at(databases)
                    .json("cutover", "--subscription-name=another")
                    .assertFailed(6, "NO_MIGRATION");

            assertThat(failure.text("why")).contains("it has: pg_migrator");
            run.interrupt().awaitEnd().assertDone();
        }
    }

    @Test
    void aRehearsalSaysHowLongItTookAndChangesNothingWhileTheApplicationWrites(DatabasePair databases)
            throws Exception {
        Shop shop = Shop.ofSize(50);
        shop.prepare(databases.sourceSessions());
        Traces before = Traces.ofSource(databases);
        try (WorkloadRun application = WorkloadOptions.of(shop)
                        .clients(2)
                        .transactionsPerSecond(100)
                        .start(databases.sourceSessions());
                MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            for (int rehearsal = 1; rehearsal <= 2; rehearsal++) {
                OtherTerminal.Said said = OtherTerminal.at(databases)
                        .json("cutover", "--rehearse")
                        .assertDone();
                assertThat(said.only("complete").lines("summary"))
                        .containsPattern("writes to the source were kept away for \\d+ ms");
                assertThat(said.lines().stream()
                                .filter(line -> line.is("cutover_step"))
                                .map(line -> line.text("step")))
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
                                "unlock");
                assertThat(application.awaitCommitted(application.committed() + 50, MigrationRun.DEADLINE))
                        .isTrue();
                Traces.assertSourceIsOpen(databases);
                assertThat(databases.targetValue("SHOW default_transaction_read_only"))
                        .isEqualTo("on");
            }
            assertThat(application.totals().refused()).isEmpty();
            run.await(
                    "a heartbeat after it",
                    line -> line.is("lag") && line.text("phase").equals("CaughtUp"));
            OtherTerminal.at(databases).json("cutover").assertDone();
            run.awaitEnd().assertDone();
            application.stop();
        }
        Traces.assertSourceIsClosed(databases);
        assertComplete(databases, before);
    }

    @Test
    void withoutTheLockThereIsNothingToRehearse(DatabasePair databases) throws Exception {
        prepareTable(databases);
        try (MigrationRun run = MigrationRun.start(databases, "--source-lock=none")) {
            run.awaitCaughtUp();

            JsonLine failure =
                    OtherTerminal.at(databases).json("cutover", "--rehearse").assertFailed(8, "CUTOVER_NOT_COMPLETED");

            assertThat(failure.text("why")).contains("nothing to rehearse with --source-lock none");
            run.interrupt().awaitEnd().assertDone();
        }
        databases.onSource("INSERT INTO item (name) VALUES ('nothing keeps this away')");
    }

    @Test
    void statusSeesTheLockAndWhoWaitsForIt(DatabasePair databases, @TempDir Path folder) throws Exception {
        prepareTable(databases);
        Path file = folder.resolve("locked");
        try (MigrationRun run = MigrationRun.startAndWaitAt(FaultPoint.LOCKED, file, databases);
                Connection writer = databases.source().connect(databases.name())) {
            run.awaitCaughtUp().interrupt();
            await().atMost(MigrationRun.DEADLINE).until(() -> Files.exists(file));
            CompletableFuture<Integer> written = CompletableFuture.supplyAsync(() -> write(writer));

            await().atMost(MigrationRun.DEADLINE).untilAsserted(() -> {
                JsonLine status =
                        OtherTerminal.at(databases).json("status").assertDone().only("status");
                assertThat(status.field("source_locked")).isEqualTo(true);
                assertThat(status.number("source_locked_tables")).isEqualTo(1);
                assertThat(status.number("source_waiting_sessions")).isEqualTo(1);
                assertThat(status.text("why")).contains("a cutover is under way");
            });
            assertThat(OtherTerminal.at(databases).run("status").assertDone().out())
                    .containsPattern("tables of the source locked: 1 by backend \\d+");
            assertThat(written).isNotDone();

            Files.delete(file);
            run.awaitEnd().assertDone();
            assertThat(written.get()).as("the writer was refused").isEqualTo(25006);
        }
    }

    /// The refusal's SQLSTATE; 0 if there was none.
    private static int write(Connection connection) {
        try (Statement statement = connection.createStatement()) {
            statement.execute("INSERT INTO item (name) VALUES ('waiting')");
            return 0;
        } catch (SQLException refusal) {
            return Integer.parseInt(refusal.getSQLState());
        }
    }

    private static void assertComplete(DatabasePair databases, Traces before) throws Exception {
        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        Traces.assertTargetIsCleanAndOpen(databases);
        assertThat(databases.compare(SequenceRule.EQUAL).isEqual()).isTrue();
    }
}
