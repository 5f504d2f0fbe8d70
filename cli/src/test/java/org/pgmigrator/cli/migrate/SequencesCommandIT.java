package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// `sequences sync` and `advance`: every direction and limit, never backwards, read back from the servers themselves.
@ExtendWith(SharedServers.class)
class SequencesCommandIT {

    private static final String[] DEFINITIONS = {
        "CREATE SEQUENCE up",
        "CREATE SEQUENCE down INCREMENT -5 MINVALUE -1000 MAXVALUE 1000 START 100",
        "CREATE SEQUENCE \"Small one\" MAXVALUE 20",
        "CREATE SEQUENCE never START 7",
        "CREATE SEQUENCE round MAXVALUE 10 CYCLE",
        "CREATE SEQUENCE ahead",
        "CREATE TABLE item (id int GENERATED ALWAYS AS IDENTITY)"
    };

    private static void prepare(DatabasePair databases) throws SQLException {
        databases.onSource(DEFINITIONS);
        databases.target().execute(databases.name(), DEFINITIONS);
        databases.onSource(
                "SELECT setval('up', 41)",
                "SELECT setval('down', -995)",
                "SELECT setval('\"Small one\"', 18)",
                "SELECT setval('round', 9)",
                "SELECT setval('ahead', 100)",
                "INSERT INTO item SELECT FROM generate_series(1, 9)");
        databases.target().execute(databases.name(), "SELECT setval('ahead', 500)");
    }

    private static List<String> states(DatabasePair databases) throws SQLException {
        return databases.targetRows("""
                SELECT 'up ' || last_value || is_called FROM up UNION ALL SELECT 'down ' || last_value || is_called FROM down
                UNION ALL SELECT 'small ' || last_value || is_called FROM "Small one"
                UNION ALL SELECT 'never ' || last_value || is_called FROM never
                UNION ALL SELECT 'round ' || last_value || is_called FROM round
                UNION ALL SELECT 'ahead ' || last_value || is_called FROM ahead
                UNION ALL SELECT 'item ' || last_value || is_called FROM item_id_seq""");
    }

    @Test
    void syncIsExactWithABufferInTheSequencesOwnDirectionAndNeverBackwards(DatabasePair databases) throws Exception {
        prepare(databases);

        OtherTerminal.Said exact =
                OtherTerminal.at(databases).run("sequences", "sync").assertDone();
        assertThat(states(databases))
                .containsExactly(
                        "up 41true",
                        "down -995true",
                        "small 18true",
                        "never 7false",
                        "round 9true",
                        "ahead 500true",
                        "item 9true");
        assertThat(exact.out())
                .contains(
                        "public.up: next value 1 → 42",
                        "public.down: next value 100 → -1000",
                        "public.ahead: stays at next value 501, which is further",
                        "7 sequences: 5 moved, 1 in place, 1 further and kept");

        JsonLine buffered = OtherTerminal.at(databases)
                .run("sequences", "sync", "--json", "--buffer=10")
                .assertDone()
                .only("sequences");
        assertThat(states(databases))
                .containsExactly(
                        "up 51true",
                        "down -1000true",
                        "small 20true",
                        "never 7false",
                        "round 9true",
                        "ahead 500true",
                        "item 19true");
        assertThat(List.of(buffered.number("moved"), buffered.number("kept_ahead"), buffered.number("at_limit")))
                .containsExactly(4L, 1L, 2L);

        OtherTerminal.at(databases).run("sequences", "sync", "--backwards").assertDone();
        assertThat(states(databases))
                .containsExactly(
                        "up 41true",
                        "down -995true",
                        "small 18true",
                        "never 7false",
                        "round 9true",
                        "ahead 100true",
                        "item 9true");
    }

    @Test
    void advanceMovesAllButThoseThatCycleAndStopsAtTheLimits(DatabasePair databases) throws Exception {
        prepare(databases);
        OtherTerminal.at(databases).run("sequences", "sync").assertDone();

        OtherTerminal.Said said =
                OtherTerminal.at(databases).run("sequences", "advance", "1000").assertDone();

        assertThat(states(databases))
                .containsExactly(
                        "up 1041true",
                        "down -1000true",
                        "small 20true",
                        "never 1007false",
                        "round 9true",
                        "ahead 1500true",
                        "item 1009true");
        assertThat(said.out())
                .contains("public.up: next value 42 → 1042", "because it cycles", "IT IS AT ITS LIMIT")
                .contains("2 AT THEIR LIMIT");
    }

    @Test
    void aSequenceThatTheTargetDoesNotHaveIsNamedAndTheOthersAreSet(DatabasePair databases) throws Exception {
        prepare(databases);
        databases.onSource("CREATE SEQUENCE late");

        OtherTerminal.Said said = OtherTerminal.at(databases).run("sequences", "sync", "--json");

        assertThat(said.assertFailed(6, "TARGET_SCHEMA_DIFFERS").text("why")).isEqualTo("public.late");
        assertThat(states(databases)).contains("up 41true");
        OtherTerminal.at(databases)
                .run("sequences", "sync", "--exclude-table=late")
                .assertDone();
    }

    @Test
    void withAMigrationItsFilterHolds(DatabasePair databases) throws Exception {
        databases.onSource(
                "CREATE TABLE item (id serial PRIMARY KEY)", "CREATE SEQUENCE other", "SELECT nextval('other')");
        databases.target().execute(databases.name(), "CREATE SCHEMA elsewhere");
        try (MigrationRun run = MigrationRun.start(databases, "--include-table=item")) {
            run.awaitCaughtUp();
            databases.onSource("INSERT INTO item SELECT FROM generate_series(1, 5)");

            JsonLine said = OtherTerminal.at(databases)
                    .run("sequences", "sync", "--json")
                    .assertDone()
                    .only("sequences");

            assertThat(said.number("moved")).isEqualTo(1);
            assertThat(said.number("missing")).isZero();
            assertThat(databases.targetValue("SELECT last_value FROM item_id_seq"))
                    .isEqualTo("5");
            run.interrupt().awaitEnd().assertDone();
        }
    }
}
