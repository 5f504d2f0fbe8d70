package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.sandbox.compare.ComparisonResult;
import org.pgmigrator.sandbox.compare.SequenceRule;

/// Sequences of every kind, used until the cutover and set by it.
@ExtendWith(SharedServers.class)
class SequenceCutoverIT {

    private static final String[] SEQUENCES = {
        "CREATE SEQUENCE up",
        "CREATE SEQUENCE down INCREMENT -2",
        "CREATE SEQUENCE never_called START 77 INCREMENT 10",
        "CREATE SEQUENCE \"Quoted \"\"Name\"\" 'é'\" INCREMENT 5 START 5",
        "CREATE SEQUENCE around MINVALUE 1 MAXVALUE 9 CYCLE",
        "CREATE SEQUENCE near_max AS smallint",
        "CREATE SEQUENCE near_min AS bigint INCREMENT -1",
        "CREATE SEQUENCE at_max AS bigint",
        "CREATE SEQUENCE as_if_new",
        "CREATE TABLE item (id int GENERATED ALWAYS AS IDENTITY (INCREMENT 3) PRIMARY KEY, number bigserial)"
    };

    /// After the copy, so that the dump cannot have brought these states.
    private static final String[] USE = {
        "SELECT nextval('up') FROM generate_series(1, 5)",
        "SELECT nextval('down') FROM generate_series(1, 3)",
        "SELECT nextval('\"Quoted \"\"Name\"\" ''é''\"')",
        "SELECT nextval('around') FROM generate_series(1, 16)",
        "SELECT setval('near_max', 32760)",
        "SELECT setval('near_min', -9223372036854775803)",
        "SELECT setval('at_max', 9223372036854775807)",
        "SELECT setval('as_if_new', 500, false)",
        "INSERT INTO item DEFAULT VALUES",
        "INSERT INTO item DEFAULT VALUES"
    };

    @Test
    void everySequenceGoesOnWhereTheSourceStopped(DatabasePair databases) throws Exception {
        migrate(databases);

        ComparisonResult comparison = databases.compare(SequenceRule.EQUAL);
        assertThat(comparison.differences()).as(comparison::toString).isEmpty();
        assertThat(comparison.sequenceCount()).isEqualTo(11);
        assertThat(databases.targetValue("SELECT nextval('up')")).isEqualTo("6");
        assertThat(databases.targetValue("SELECT nextval('never_called')")).isEqualTo("77");
        assertThat(databases.targetValue("INSERT INTO item DEFAULT VALUES RETURNING id, number"))
                .isEqualTo("7|3");
    }

    @Test
    void theBufferMovesEachSequenceOnInItsOwnDirectionAndWithinItsLimits(DatabasePair databases) throws Exception {
        MigrationRun.Ended ended = migrate(databases, "--sequence-buffer=10");

        assertThat(ended.all("warning"))
                .extracting(warning -> warning.text("text"))
                .filteredOn(text -> text.contains("gives no further value"))
                .satisfiesExactlyInAnyOrder(
                        text -> assertThat(text).contains("public.near_max", "MAXVALUE 32767", "from 32760"),
                        text -> assertThat(text).contains("public.near_min", "MINVALUE -9223372036854775808"));
        ComparisonResult comparison = databases.compare(SequenceRule.NOT_BEHIND);
        assertThat(comparison.differences()).as(comparison::toString).isEmpty();
        assertThat(state(databases, "up")).isEqualTo("15|t");
        assertThat(state(databases, "down")).isEqualTo("-25|t");
        assertThat(state(databases, "never_called")).isEqualTo("77|f");
        assertThat(state(databases, "as_if_new")).isEqualTo("500|f");
        assertThat(state(databases, "\"Quoted \"\"Name\"\" 'é'\"")).isEqualTo("55|t");
        assertThat(state(databases, "near_max")).isEqualTo("32767|t");
        assertThat(state(databases, "near_min")).isEqualTo("-9223372036854775808|t");
        assertThat(state(databases, "at_max")).isEqualTo("9223372036854775807|t");
        assertThat(state(databases, "around"))
                .as("a sequence that starts again has no ahead")
                .isEqualTo("7|t");
        assertThat(state(databases, "item_id_seq")).isEqualTo("34|t");
        assertThat(state(databases, "item_number_seq")).isEqualTo("12|t");
    }

    private static String state(DatabasePair databases, String sequence) throws SQLException {
        return databases.targetValue("SELECT last_value, is_called FROM " + sequence);
    }

    private static MigrationRun.Ended migrate(DatabasePair databases, String... options) throws Exception {
        databases.onSource(SEQUENCES);
        try (MigrationRun run = MigrationRun.start(databases, options)) {
            run.awaitCaughtUp();
            databases.onSource(USE);
            MigrationRun.Ended ended = run.interrupt().awaitEnd().assertDone();
            assertThat(ended.all("cutover_step")).anySatisfy(step -> {
                assertThat(step.text("step")).isEqualTo("sequences");
                assertThat(step.text("detail")).startsWith("11 ");
            });
            return ended;
        }
    }
}
