package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// `abort` in every phase, again and again: both sides are as they were, nothing is removed that is not ours.
@ExtendWith(SharedServers.class)
class AbortCommandIT {

    private static void prepareTables(DatabasePair databases) throws SQLException {
        databases.onSource(
                "CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)",
                "INSERT INTO item (name) SELECT 'item ' || i FROM generate_series(1, 1000) i",
                "CREATE TABLE keyless (note text)");
    }

    private static MigrationRun migrate(DatabasePair databases, String... options) throws Exception {
        String[] all = new String[options.length + 1];
        all[0] = "--without-identity=full";
        System.arraycopy(options, 0, all, 1, options.length);
        return MigrationRun.start(databases, all);
    }

    private static void stopInTheStream(DatabasePair databases) throws Exception {
        try (MigrationRun run = migrate(databases)) {
            run.awaitCaughtUp().terminate().awaitEnd().assertFailed(143, "STOPPED_BY_TERMINATE");
        }
    }

    private static void assertTargetIsEmptyAndOpen(DatabasePair databases) throws SQLException {
        assertThat(databases.targetRows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"))
                .isEmpty();
        assertThat(databases.targetRows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pgmigrator%'"))
                .isEmpty();
        assertThat(databases.targetValue("SHOW default_transaction_read_only")).isEqualTo("off");
        Traces.assertNoSessionIsLeft(databases);
    }

    @Test
    void aStoppedStreamIsTakenBackAndASecondAbortFindsNothing(DatabasePair databases) throws Exception {
        prepareTables(databases);
        Traces before = Traces.ofSource(databases);
        stopInTheStream(databases);

        OtherTerminal.Said said =
                OtherTerminal.at(databases).json("abort", "--yes").assertDone();

        assertThat(said.lines().stream().filter(line -> line.is("notice")).map(line -> line.text("text")))
                .contains(
                        "undone on the source: replication slot \"" + databases.name() + "\"",
                        "undone on the source: publication \"" + databases.name() + "\"",
                        "undone on the target: the target's default_transaction_read_only",
                        "removed the migration's state from the target")
                .anyMatch(text -> text.startsWith("undone on the source: REPLICA IDENTITY FULL of"))
                .anyMatch(text -> text.startsWith("dropped from the target: "));
        assertThat(said.only("complete").lines("summary"))
                .contains("nothing of the copy is left on the target", "the source is serving as before");
        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        assertTargetIsEmptyAndOpen(databases);

        assertThat(OtherTerminal.at(databases)
                        .json("abort", "--yes")
                        .assertDone()
                        .only("complete")
                        .lines("summary"))
                .contains("nothing to abort");

        // And a new migration begins as if nothing had been.
        try (MigrationRun run = migrate(databases)) {
            run.awaitCaughtUp().interrupt().awaitEnd().assertDone();
        }
    }

    @Test
    void whatSomebodyElseHasRemovedIsSaidToBeGone(DatabasePair databases) throws Exception {
        prepareTables(databases);
        Traces before = Traces.ofSource(databases);
        stopInTheStream(databases);
        await().atMost(MigrationRun.DEADLINE)
                .ignoreExceptions()
                .untilAsserted(
                        () -> databases.sourceValue("SELECT pg_drop_replication_slot('" + databases.name() + "')"));
        databases.onSource("DROP PUBLICATION " + databases.name());

        OtherTerminal.Said said =
                OtherTerminal.at(databases).json("abort", "--yes").assertDone();

        assertThat(said.lines().stream().filter(line -> line.is("notice")).map(line -> line.text("text")))
                .contains(
                        "was gone already on the source: replication slot \"" + databases.name() + "\"",
                        "was gone already on the source: publication \"" + databases.name() + "\"")
                .anyMatch(text -> text.startsWith("undone on the source: REPLICA IDENTITY FULL of"));
        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        assertTargetIsEmptyAndOpen(databases);
    }

    @Test
    void theCopyMayStayAndIsCalledWhatItIs(DatabasePair databases) throws Exception {
        prepareTables(databases);
        Traces before = Traces.ofSource(databases);
        stopInTheStream(databases);

        String summary = OtherTerminal.at(databases)
                .json("abort", "--yes", "--keep-copy")
                .assertDone()
                .only("complete")
                .lines("summary");

        assertThat(summary).contains("INCOMPLETE copy").doesNotContainIgnoringCase("safe");
        assertThat(databases.targetValue("SELECT count(*) FROM item")).isEqualTo("1000");
        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        Traces.assertTargetIsCleanAndOpen(databases);
    }

    @Test
    void killedWhileItCopiesIsTakenBack(DatabasePair databases) throws Exception {
        prepareTables(databases);
        Traces before = Traces.ofSource(databases);
        try (Connection writer = databases.source().connect(databases.name());
                Statement statement = writer.createStatement()) {
            statement.execute("BEGIN");
            statement.execute("INSERT INTO item (name) VALUES ('open')");
            try (MigrationRun run = migrate(databases)) {
                run.await(
                        "the slot waits for the writer",
                        line -> line.is("notice") && line.text("text").contains("waiting for transactions"));
                run.kill();
            }
            statement.execute("ROLLBACK");
        }

        OtherTerminal.at(databases).json("abort", "--yes").assertDone();

        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        assertTargetIsEmptyAndOpen(databases);
    }

    @Test
    void killedWhileItStreamsIsTakenBack(DatabasePair databases) throws Exception {
        prepareTables(databases);
        Traces before = Traces.ofSource(databases);
        try (MigrationRun run = migrate(databases)) {
            run.awaitCaughtUp().kill();
        }

        OtherTerminal.at(databases).json("abort", "--yes").assertDone();

        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        assertTargetIsEmptyAndOpen(databases);
    }

    @Test
    void whileAProcessIsAtWorkItIsRefusedAndNothingChanges(DatabasePair databases) throws Exception {
        prepareTables(databases);
        try (MigrationRun run = migrate(databases)) {
            run.awaitCaughtUp();

            JsonLine failure =
                    OtherTerminal.at(databases).json("abort", "--yes").assertFailed(6, "TARGET_IN_USE");

            assertThat(failure.lines("remedy")).contains("kill -TERM " + run.pid());
            assertThat(failure.text("state")).isEqualTo("nothing was changed");
            run.interrupt().awaitEnd().assertDone();
        }
        Traces.assertTargetIsCleanAndOpen(databases);
    }

    @Test
    void withoutConsentNothingChangesAndTheMigrationGoesOn(DatabasePair databases) throws Exception {
        prepareTables(databases);
        stopInTheStream(databases);

        OtherTerminal.Said said = OtherTerminal.at(databases).json("abort");

        said.assertFailed(3, "CHECK_REFUSED");
        assertThat(said.err())
                .contains(
                        "undo on the source: replication slot \"" + databases.name() + "\"",
                        "drop from the target: ",
                        "Run again with --yes to agree");
        try (MigrationRun run = migrate(databases, "--resume")) {
            run.awaitCaughtUp().interrupt().awaitEnd().assertDone();
        }
    }

    @Test
    void anotherSourceIsLeftAloneEvenIfItHasASlotOfThatName(DatabasePair databases) throws Exception {
        prepareTables(databases);
        stopInTheStream(databases);
        databases.source().createDatabase(databases.name() + "_x");

        OtherTerminal.of(
                        databases.source().uri(databases.name() + "_x"),
                        databases.target().uri(databases.name()))
                .json("abort", "--yes")
                .assertFailed(5, "SLOT_MISMATCH");

        assertThat(databases.sourceValue(
                        "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '" + databases.name() + "'"))
                .isEqualTo("1");
        OtherTerminal.at(databases).json("abort", "--yes").assertDone();
    }

    @Test
    void withoutItsSourceTheTargetIsTakenBackAndTheRestNamedAndTheNextAbortCompletes(DatabasePair databases)
            throws Exception {
        prepareTables(databases);
        Traces before = Traces.ofSource(databases);
        stopInTheStream(databases);

        JsonLine failure = OtherTerminal.of(
                        "host=127.0.0.1 port=1 dbname=x user=x",
                        databases.target().uri(databases.name()))
                .json("abort", "--yes")
                .assertFailed(4, "LEFT_BEHIND");

        assertThat(failure.text("why"))
                .contains("pg_drop_replication_slot", databases.name(), "DROP PUBLICATION", "REPLICA IDENTITY DEFAULT");
        assertThat(failure.text("state")).contains("the source was not reached").doesNotContain("serving as before");
        assertThat(databases.targetRows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"))
                .isEmpty();
        JsonLine status =
                OtherTerminal.at(databases).json("status").assertDone().only("status");
        assertThat(status.field("aborting")).isEqualTo(true);
        assertThat(status.text("why")).contains("being aborted");

        OtherTerminal.at(databases).json("abort", "--yes").assertDone();

        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        assertTargetIsEmptyAndOpen(databases);
    }

    @Test
    void aCutoverThatIsCompleteIsNotTakenBackUnlessTheSourceIsToServeAgain(DatabasePair databases) throws Exception {
        prepareTables(databases);
        Traces before = Traces.ofSource(databases);
        try (MigrationRun run = migrate(databases, "--keep-subscription")) {
            run.awaitCaughtUp().interrupt().awaitEnd().assertDone();
        }
        databases.onClosedTarget("INSERT INTO item (name) VALUES ('written after the cutover')");

        JsonLine failure = OtherTerminal.at(databases).json("abort", "--yes").assertFailed(3, "CHECK_REFUSED");
        assertThat(failure.text("what")).contains("point of no return");
        assertThat(OtherTerminal.at(databases)
                        .json("status")
                        .assertDone()
                        .only("status")
                        .field("complete"))
                .isEqualTo(true);

        Traces.assertSourceIsClosed(databases);

        OtherTerminal.at(databases).json("abort", "--yes", "--unlock-source").assertDone();

        Traces.assertSourceIsOpen(databases);
        databases.onSource("INSERT INTO item (name) VALUES ('the source serves')");
        assertThat(databases.targetValue("SELECT count(*) FROM item"))
                .as("nothing is dropped that the application may have written")
                .isEqualTo("1001");
        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        Traces.assertTargetIsCleanAndOpen(databases);
    }

    @Test
    void aSourceWhoseTargetIsLostForGoodIsUnlockedAlone(DatabasePair databases) throws Exception {
        prepareTables(databases);
        try (MigrationRun run = migrate(databases, "--keep-subscription")) {
            run.awaitCaughtUp().interrupt().awaitEnd().assertDone();
        }
        OtherTerminal lost =
                OtherTerminal.of(databases.source().uri(databases.name()), "host=127.0.0.1 port=1 dbname=x user=x");

        JsonLine refused = lost.json("abort", "--yes").assertFailed(6, "TARGET_UNREACHABLE");
        assertThat(refused.lines("remedy")).contains("abort --unlock-source");
        Traces.assertSourceIsClosed(databases);
        JsonLine asked = lost.json("abort", "--unlock-source").assertFailed(3, "CHECK_REFUSED");
        assertThat(asked.text("state")).isEqualTo("nothing was changed");
        Traces.assertSourceIsClosed(databases);

        JsonLine left = lost.json("abort", "--yes", "--unlock-source").assertFailed(4, "LEFT_BEHIND");

        Traces.assertSourceIsOpen(databases);
        databases.onSource("INSERT INTO item (name) VALUES ('the source serves')");
        assertThat(left.text("why"))
                .contains(
                        "pg_drop_replication_slot",
                        "slot_name = '" + databases.name() + "'",
                        "DROP PUBLICATION IF EXISTS");
        assertThat(left.text("state")).contains("the source is serving again");

        databases.onSource(
                "SELECT pg_drop_replication_slot('" + databases.name() + "')",
                "DROP PUBLICATION \"" + databases.name() + "\"");
        assertThat(lost.json("abort", "--yes", "--unlock-source")
                        .assertDone()
                        .only("complete")
                        .lines("summary"))
                .contains("the source is not closed");
    }

    @Test
    void aSourceIsNotUnlockedUnderAProcessThatReachesTheTarget(DatabasePair databases) throws Exception {
        prepareTables(databases);
        try (MigrationRun run = migrate(databases)) {
            run.awaitCaughtUp();

            JsonLine refused = OtherTerminal.of(
                            databases.source().uri(databases.name()), "host=127.0.0.1 port=1 dbname=x user=x")
                    .json("abort", "--yes", "--unlock-source")
                    .assertFailed(3, "CHECK_REFUSED");

            assertThat(refused.text("why")).contains("pg-migrator observe");
            run.interrupt().awaitEnd().assertDone();
        }
    }

    @Test
    void aSourceThatACompleteCutoverHasClosedIsFoundAndUnlockedWithoutAnyState(DatabasePair databases)
            throws Exception {
        prepareTables(databases);
        Traces before = Traces.ofSource(databases);
        try (MigrationRun run = migrate(databases)) {
            run.awaitCaughtUp().interrupt().awaitEnd().assertDone();
        }
        Traces.assertSourceIsClosed(databases);
        assertThatThrownBy(() -> databases.onSource("BEGIN READ WRITE; INSERT INTO item (name) VALUES ('late')"))
                .isInstanceOfSatisfying(
                        SQLException.class,
                        refused -> assertThat(refused.getSQLState()).isEqualTo("25006"));

        assertThat(OtherTerminal.at(databases)
                        .json("abort", "--yes")
                        .assertDone()
                        .only("complete")
                        .lines("summary"))
                .contains("nothing to abort", "2 tables refuse writes since", "--unlock-source");
        Traces.assertSourceIsClosed(databases);

        OtherTerminal.at(databases).json("abort", "--yes", "--unlock-source").assertDone();

        Traces.assertSourceIsOpen(databases);
        databases.onSource("INSERT INTO item (name) VALUES ('the source serves')");
        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        assertThat(OtherTerminal.at(databases)
                        .json("abort", "--yes", "--unlock-source")
                        .assertDone()
                        .only("complete")
                        .lines("summary"))
                .contains("nothing to abort", "the source is not closed");
    }
}
