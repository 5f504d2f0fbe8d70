package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowingConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// `status` from another terminal: in every phase, of a process at work, stopped or killed, and of no migration at all.
@ExtendWith(SharedServers.class)
class StatusCommandIT {

    private static void prepareTable(DatabasePair databases) throws SQLException {
        databases.onSource(
                "CREATE TABLE item (id bigserial PRIMARY KEY, name text)",
                "INSERT INTO item (name) SELECT 'item ' || i FROM generate_series(1, 1000) i");
    }

    /// The last line of the text, and the object of `--json`, which must say the same.
    private static JsonLine status(DatabasePair databases) {
        JsonLine json = OtherTerminal.at(databases).json("status").assertDone().only("status");
        return json;
    }

    private static JsonLine awaitStatus(DatabasePair databases, ThrowingConsumer<JsonLine> assertion) {
        AtomicReference<JsonLine> found = new AtomicReference<>();
        await().atMost(MigrationRun.DEADLINE).untilAsserted(() -> {
            JsonLine status = status(databases);
            assertion.accept(status);
            found.set(status);
        });
        return found.get();
    }

    @Test
    void noMigrationIsAnAnswer(DatabasePair databases) throws Exception {
        JsonLine status = status(databases);

        assertThat(status.field("migration")).isEqualTo(false);
        assertThat(status.field("phase")).isNull();
        assertThat(status.field("safe_to_cut_over")).isEqualTo(false);
        assertThat(OtherTerminal.at(databases).run("status").assertDone().out()).isEqualTo("""
                        no migration "pg_migrator" on this target; none was begun, or it was completed or aborted, and \
                        its state removed
                        Safe to cut over: NO: the target has no migration of this name
                        """);
        assertThat(databases.targetRows("SELECT nspname FROM pg_namespace WHERE nspname = 'pgmigrator'"))
                .as("it only reads")
                .isEmpty();
    }

    @Test
    void itIsSafeOnceCaughtUpAndTheTextSaysTheSame(DatabasePair databases) throws Exception {
        prepareTable(databases);
        databases.onSource("CREATE TABLE log (line text)");
        try (MigrationRun run = MigrationRun.start(databases, "--apply-lanes=2", "--without-identity=full")) {
            run.awaitCaughtUp();
            databases.onSource("UPDATE item SET name = 'new' WHERE id <= 10", "INSERT INTO log VALUES ('one')");

            JsonLine status = awaitStatus(databases, now -> {
                assertThat(now.field("safe_to_cut_over")).as(now.toString()).isEqualTo(true);
                assertThat(now.number("lag_bytes")).isLessThan(1 << 20);
                assertThat(now.lines("tables_in_order")).startsWith("public.log: replica identity full");
            });

            assertThat(status.text("phase")).isEqualTo("CaughtUp");
            assertThat(status.field("process_at_work")).isEqualTo(true);
            assertThat(status.number("process_id")).isEqualTo(run.pid());
            assertThat(status.number("process_heard_ms")).isBetween(-1000L, 30_000L);
            assertThat(status.text("on_interrupt")).isEqualTo("CUT_OVER");
            assertThat(status.text("apply")).isEqualTo("windows");
            assertThat(status.number("apply_lanes")).isEqualTo(2);
            assertThat(status.text("wire_format")).isEqualTo("binary");
            assertThat(status.text("wire_format_reason")).isNotBlank();
            assertThat(status.number("fallbacks")).isZero();
            assertThat(status.text("slot")).isEqualTo(databases.name());
            assertThat(status.text("slot_wal_status")).isEqualTo("reserved");
            assertThat(status.field("slot_active")).isEqualTo(true);
            assertThat(status.number("retained_bytes")).isNotNegative();
            assertThat(status.field("safe_wal_bytes")).as("no limit is set").isNull();
            assertThat(status.text("applied_lsn"))
                    .isEqualTo(databases.targetValue("SELECT min(applied_end_lsn) FROM pgmigrator.progress"));
            assertThat(status.field("source_bytes_per_second")).isInstanceOf(Double.class);
            assertThat(status.lines("created"))
                    .contains(
                            "source: replication slot \"" + databases.name() + "\"",
                            "source: publication \"" + databases.name() + "\"",
                            "target: the target's default_transaction_read_only");
            assertThat(status.lines("next")).contains("kill -TERM " + run.pid());

            String text = OtherTerminal.at(databases).run("status").assertDone().out();
            assertThat(text)
                    .startsWith("migration \"pg_migrator\": CaughtUp\n")
                    .contains(
                            "pid " + run.pid(),
                            "lane 1 ",
                            "Ctrl+C cuts over",
                            "\"" + databases.name() + "\" ok, in use");
            assertThat(text.lines().toList().getLast()).startsWith("Safe to cut over: YES: ");

            run.interrupt().awaitEnd().assertDone();
        }
        assertThat(status(databases).field("migration")).isEqualTo(false);
    }

    @Test
    void whatIsInTheWayOfTheCutoverIsNamed(DatabasePair databases) throws Exception {
        prepareTable(databases);
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            databases.onSource(
                    "CREATE TABLE \"New one\" (id int PRIMARY KEY)",
                    "BEGIN; INSERT INTO item (name) VALUES ('prepared'); PREPARE TRANSACTION 'order 66'");

            JsonLine status =
                    awaitStatus(databases, now -> assertThat(now.text("phase")).isEqualTo("CaughtUp"));

            assertThat(status.field("safe_to_cut_over")).isEqualTo(false);
            assertThat(status.text("why")).contains("New one", "order 66");
            assertThat(status.lines("schema_changes")).contains("is new");
            assertThat(status.lines("prepared_transactions")).isEqualTo("order 66");

            databases.onSource("ROLLBACK PREPARED 'order 66'", "DROP TABLE \"New one\"");
            run.interrupt().awaitEnd().assertDone();
        }
    }

    @Test
    void duringTheCopyTheProcessSaysWhereItIs(DatabasePair databases) throws Exception {
        prepareTable(databases);
        try (Connection writer = databases.source().connect(databases.name());
                Statement statement = writer.createStatement()) {
            statement.execute("BEGIN");
            statement.execute("INSERT INTO item (name) VALUES ('open')");
            try (MigrationRun run = MigrationRun.start(databases)) {
                run.await(
                        "the slot waits for the writer",
                        line -> line.is("notice") && line.text("text").contains("waiting for transactions"));

                JsonLine status = awaitStatus(
                        databases, now -> assertThat(now.text("phase")).isEqualTo("PrepareSnapshot"));

                assertThat(status.field("process_at_work")).isEqualTo(true);
                assertThat(status.text("why")).contains("the copy is not complete");
                assertThat(status.text("on_interrupt")).isEqualTo("STOP_AND_REMOVE");
                assertThat(status.field("applied_lsn"))
                        .as("nothing is applied yet")
                        .isNull();
                assertThat(status.field("lag_bytes")).isNull();
                assertThat(status.field("lag_seconds")).isNull();
                run.interrupt().awaitEnd().assertFailed(130, "STOPPED_BY_INTERRUPT");
            }
        }
    }

    @Test
    void stoppedAndKilledAreToldApartAndWhatTheSlotKeepsIsSeenToGrow(DatabasePair databases) throws Exception {
        prepareTable(databases);
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp().terminate().awaitEnd().assertFailed(143, "STOPPED_BY_TERMINATE");
        }
        JsonLine stopped = status(databases);
        assertThat(stopped.field("process_at_work")).isEqualTo(false);
        assertThat(stopped.text("process_ending")).contains("STOPPED_BY_TERMINATE");
        assertThat(stopped.text("phase")).isEqualTo("StreamApply");
        assertThat(stopped.text("why")).contains("no process is at work");
        assertThat(stopped.lines("next")).contains("--resume", "abort");
        assertThat(stopped.field("slot_active")).isEqualTo(false);
        assertThat(stopped.field("lag_seconds")).as("nobody measures it").isNull();

        databases.onSource("INSERT INTO item (name) SELECT repeat('x', 100) FROM generate_series(1, 20000)");
        JsonLine later = status(databases);
        assertThat(later.number("retained_bytes")).isGreaterThan(stopped.number("retained_bytes") + 2_000_000);
        assertThat(later.number("lag_bytes")).isGreaterThan(2_000_000);

        try (MigrationRun run = MigrationRun.start(databases, "--resume")) {
            run.awaitCaughtUp().kill();
        }
        JsonLine killed = awaitStatus(
                databases, now -> assertThat(now.field("process_at_work")).isEqualTo(false));
        assertThat(killed.field("process_ending")).isNull();
        assertThat(OtherTerminal.at(databases).run("status").assertDone().out())
                .contains("none at work; the last one, pid ", "was killed or cut off");
    }

    @Test
    void withoutItsSourceItShowsWhatTheTargetKnows(DatabasePair databases) throws Exception {
        prepareTable(databases);
        try (MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            String target = databases.target().uri(databases.name());

            JsonLine unreachable = OtherTerminal.of("host=127.0.0.1 port=1 dbname=x user=x", target)
                    .json("status")
                    .assertDone()
                    .only("status");
            assertThat(unreachable.field("source_lsn")).isNull();
            assertThat(unreachable.field("slot_wal_status")).isNull();
            assertThat(unreachable.field("lag_bytes")).isNull();
            assertThat(unreachable.field("applied_lsn")).isNotNull();
            assertThat(unreachable.text("source_unknown")).contains("127.0.0.1");
            assertThat(unreachable.text("why")).contains("the source could not be looked at");

            databases.source().createDatabase(databases.name() + "_x");
            JsonLine wrong = OtherTerminal.of(databases.source().uri(databases.name() + "_x"), target)
                    .json("status")
                    .assertDone()
                    .only("status");
            assertThat(wrong.text("source_unknown")).contains("does not come from this source");
            assertThat(wrong.field("safe_to_cut_over")).isEqualTo(false);
            run.interrupt().awaitEnd().assertDone();
        }
    }

    @Test
    void anUnreachableTargetIsAFailure(DatabasePair databases) {
        OtherTerminal.of(databases.source().uri(databases.name()), "host=127.0.0.1 port=1 dbname=x user=x")
                .json("status")
                .assertFailed(6, "TARGET_UNREACHABLE");
    }

    @Test
    void watchingGoesOnFromTheCopyToTheEndUntilCtrlC(DatabasePair databases) throws Exception {
        prepareTable(databases);
        try (MigrationRun watching = MigrationRun.watch(databases);
                MigrationRun run = MigrationRun.start(databases)) {
            watching.await("no migration yet", line -> line.text("migration").equals("false"));
            run.awaitCaughtUp();
            watching.await("it is safe", line -> line.text("safe_to_cut_over").equals("true"));
            run.interrupt().awaitEnd().assertDone();
            watching.await("it is over", line -> line.text("migration").equals("false"));
            assertThat(watching.interrupt().awaitEnd().exitCode()).isEqualTo(130);
        }
    }
}
