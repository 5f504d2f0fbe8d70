package org.pgmigrator.sandbox.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgmigrator.sandbox.server.ConnectionSource;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.Servers;

class DatabaseComparisonIT {

    private static final String[] CONTENT = {
        "CREATE EXTENSION hstore",
        "CREATE TYPE mood AS ENUM ('sad', 'happy')",
        """
        CREATE TABLE every_type (
            id int, whole bigint, exact numeric, float real, precise double precision, money money, name text,
            fixed char(5), raw bytea, day date, moment timestamptz, plain timestamp, span interval, clock timetz,
            flag boolean, document json, binary_document jsonb, list text[], feeling mood, network inet, identifier uuid,
            bits varbit, place point, range int4range, multi int4multirange, words tsvector, pairs hstore, markup xml,
            doubled int GENERATED ALWAYS AS (id * 2) STORED)""",
        """
        INSERT INTO every_type
        SELECT i, i::bigint * 1e12, (i / 7.0)::numeric(30, 15), i / 3.0, i / 3.0, i, 'name ' || i, 'ab',
            decode(md5(i::text), 'hex'), date '2026-01-01' + i, timestamptz '2026-01-01 UTC' + i * interval '1 hour',
            timestamp '2026-01-01' + i * interval '1 hour', make_interval(days => -i, secs => i / 7.0), '12:00:00+02',
            i % 2 = 0, '{"a":  1}', '{"b": [1, 2]}', ARRAY['x', NULL, ''], 'happy', '10.0.0.1/8',
            md5(i::text)::uuid, B'101', point(i / 3.0, i), int4range(1, i + 2), '{[1,2)}', 'a fat cat', 'k=>v', '<a/>'
        FROM generate_series(1, 3000) i""",
        "INSERT INTO every_type (id) VALUES (NULL), (NULL)",
        "CREATE TABLE empty_or_null (value text)",
        "INSERT INTO empty_or_null VALUES (NULL), (''), ('NULL')",
        "CREATE TABLE no_columns ()",
        "INSERT INTO no_columns SELECT FROM generate_series(1, 3)",
        "CREATE SCHEMA \"Quoted \"\"schema\"",
        "CREATE TABLE \"Quoted \"\"schema\".\"Table\" (\"Column one\" int)",
        "INSERT INTO \"Quoted \"\"schema\".\"Table\" VALUES (1), (1), (2)",
        "CREATE TABLE parts (id int, text text) PARTITION BY RANGE (id)",
        "CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (10) TO (20)",
        "INSERT INTO parts SELECT i, 'part ' || i FROM generate_series(0, 19) i",
        "CREATE TABLE parent (id int)",
        "CREATE TABLE child () INHERITS (parent)",
        "INSERT INTO child VALUES (1)",
        "CREATE SEQUENCE ascending",
        "CREATE SEQUENCE descending INCREMENT -3",
        "CREATE SEQUENCE \"Never called\"",
        "SELECT nextval('ascending'), nextval('descending')",
        "CREATE SCHEMA pgmigrator",
        "CREATE TABLE pgmigrator.progress AS SELECT current_database() AS differs, clock_timestamp()",
    };

    private static PostgresServer left;
    private static PostgresServer right;

    @BeforeAll
    static void startTheOldestAndTheNewestMajor() throws SQLException {
        left = Servers.start(Servers.MAJORS.getFirst());
        right = Servers.start(Servers.MAJORS.getLast());
        // What a server says by default must not matter.
        right.execute(
                "postgres",
                "ALTER SYSTEM SET intervalstyle = 'sql_standard'",
                "ALTER SYSTEM SET timezone = 'Asia/Kolkata'",
                "ALTER SYSTEM SET extra_float_digits = 0",
                "ALTER SYSTEM SET bytea_output = 'escape'",
                "ALTER SYSTEM SET datestyle = 'German'",
                "SELECT pg_reload_conf()");
        right.createDatabase("shop");
    }

    @AfterAll
    static void stop() {
        left.close();
        right.close();
    }

    @BeforeEach
    void fillBothSides() throws SQLException {
        for (PostgresServer server : List.of(left, right)) {
            server.execute("postgres", "DROP DATABASE IF EXISTS shop", "CREATE DATABASE shop");
            server.execute("shop", "SET datestyle = 'ISO'");
            server.execute("shop", CONTENT);
        }
    }

    private static ComparisonResult compare() throws SQLException {
        return DatabaseComparison.compare(left, right, "shop");
    }

    private static Difference onlyDifferenceAfter(String sqlOnTheRight) throws SQLException {
        right.execute("shop", sqlOnTheRight);
        ComparisonResult result = compare();
        assertThat(result.differences()).as(result.toString()).hasSize(1);
        return result.differences().getFirst();
    }

    @Test
    void equalContentIsEqualAcrossMajorsAndSettings() throws SQLException {
        assertThat(compare()).hasToString("0 differences in 8 tables, 3,032 rows, 3 sequences");
    }

    @Test
    void orderOfRowsAndOfColumnsDoesNotMatter() throws SQLException {
        right.execute(
                "shop",
                "DROP TABLE parts",
                "CREATE TABLE parts_low (text text, id int)",
                "CREATE TABLE parts_high (id int, text text)",
                "INSERT INTO parts_low SELECT 'part ' || i, i FROM generate_series(9, 0, -1) i",
                "INSERT INTO parts_high SELECT i, 'part ' || i FROM generate_series(19, 10, -1) i");
        assertThat(compare().isEqual()).isTrue();
    }

    @Test
    void oneChangedValueInALargeTableIsShown() throws SQLException {
        Difference difference = onlyDifferenceAfter("UPDATE every_type SET precise = precise + 1e-13 WHERE id = 1234");
        assertThat(difference.object()).isEqualTo("public.every_type");
        assertThat(difference.samples())
                .hasSize(2)
                .allMatch(sample -> sample.contains("has 1 more of (1234,"))
                .anyMatch(sample -> sample.startsWith("left"))
                .anyMatch(sample -> sample.startsWith("right"));
    }

    @Test
    void nullIsNotTheEmptyString() throws SQLException {
        assertThat(onlyDifferenceAfter("UPDATE empty_or_null SET value = '' WHERE value IS NULL")
                        .samples())
                .containsExactlyInAnyOrder("left has 1 more of ()", "right has 1 more of (\"\")");
    }

    @Test
    void duplicatesAreCounted() throws SQLException {
        String table = "\"Quoted \"\"schema\".\"Table\"";
        assertThat(onlyDifferenceAfter("UPDATE " + table + " SET \"Column one\" = 2 WHERE ctid = '(0,1)'"))
                .hasToString(table + ": rows differ: left has 3, right has 3\n    left has 1 more of (1)\n"
                        + "    right has 1 more of (2)");
    }

    @Test
    void twoMissingTwinsDoNotCancelOut() throws SQLException {
        assertThat(onlyDifferenceAfter("DELETE FROM \"Quoted \"\"schema\".\"Table\" WHERE \"Column one\" = 1")
                        .samples())
                .containsExactly("left has 2 more of (1)");
    }

    @Test
    void rowsWithoutColumnsAreCounted() throws SQLException {
        assertThat(onlyDifferenceAfter("INSERT INTO no_columns DEFAULT VALUES").what())
                .isEqualTo("rows differ: left has 3, right has 4");
    }

    @Test
    void missingTablesAndColumnsAreDifferences() throws SQLException {
        assertThat(onlyDifferenceAfter("CREATE TABLE more ()").what()).isEqualTo("table is on the right side only");
        right.execute("shop", "DROP TABLE more");
        assertThat(onlyDifferenceAfter("ALTER TABLE empty_or_null ADD more int").what())
                .startsWith("columns differ");
    }

    @Test
    void sequencesAreComparedByTheRuleAskedFor() throws SQLException {
        assertThat(onlyDifferenceAfter("SELECT setval('\"Never called\"', 1, true)"))
                .hasToString("public.\"Never called\": sequence differs: left last_value 1, not called;"
                        + " right last_value 1, called");
        right.execute("shop", "SELECT setval('descending', -1000, true)");
        DatabaseComparison comparison = new DatabaseComparison();
        ConnectionSource leftSource = () -> left.connect("shop");
        ConnectionSource rightSource = () -> right.connect("shop");
        assertThat(comparison
                        .sequences(SequenceRule.NOT_BEHIND)
                        .compare(leftSource, rightSource)
                        .isEqual())
                .isTrue();
        assertThat(comparison
                        .sequences(SequenceRule.NOT_BEHIND)
                        .compare(rightSource, leftSource)
                        .differences())
                .hasSize(2);
        assertThat(comparison
                        .sequences(SequenceRule.IGNORED)
                        .compare(rightSource, leftSource)
                        .isEqual())
                .isTrue();
    }

    @Test
    void tablesCanBeLeftOut() throws SQLException {
        right.execute("shop", "DELETE FROM empty_or_null");
        ComparisonResult result = new DatabaseComparison()
                .onlyTables(name -> !name.equals("public.empty_or_null"))
                .compare(() -> left.connect("shop"), () -> right.connect("shop"));
        assertThat(result).hasToString("0 differences in 7 tables, 3,029 rows, 3 sequences");
    }
}
