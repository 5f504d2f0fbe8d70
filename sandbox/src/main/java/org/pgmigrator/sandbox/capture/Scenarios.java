package org.pgmigrator.sandbox.capture;

import java.util.List;
import java.util.Map;

/// Everything that is captured. A new peculiarity of pgoutput gets its scenario here and its meaning in the decoder's
/// test of the fixtures.
///
/// Streaming starts when the changes in the server's memory pass `logical_decoding_work_mem`. The table `filler` is not
/// published: its rows take that memory without making the fixture any longer.
final class Scenarios {

    private static final Map<String, String> PLAIN = Map.of("proto_version", "1");
    private static final Map<String, String> MESSAGES = Map.of("proto_version", "1", "messages", "true");
    private static final Map<String, String> BINARY = Map.of("proto_version", "1", "binary", "true");
    private static final Map<String, String> STREAMING =
            Map.of("proto_version", "2", "streaming", "on", "messages", "true");
    private static final Map<String, String> PARALLEL = Map.of("proto_version", "4", "streaming", "parallel");
    private static final Map<String, String> TWO_PHASE = Map.of("proto_version", "3", "two_phase", "on");
    private static final Map<String, String> STREAMING_TWO_PHASE =
            Map.of("proto_version", "3", "streaming", "on", "two_phase", "on");

    private static final String STREAMED_TABLES = """
            CREATE TYPE mood AS ENUM ('calm', 'angry');
            CREATE TABLE item (id int PRIMARY KEY, mood mood);
            CREATE TABLE other (id int PRIMARY KEY);
            CREATE TABLE filler (id int);
            CREATE PUBLICATION capture FOR TABLE item, other;
            """;

    static final List<Scenario> ALL = List.of(
            new Scenario("identity-default", 14, PLAIN, """
                    CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(8, 2));
                    CREATE TABLE keyless (id int);
                    CREATE PUBLICATION capture FOR TABLE item, keyless;
                    """, """
                    INSERT INTO item VALUES (1, 'hammer', 9.90), (2, 'saw', 19.00);
                    UPDATE item SET price = 8.50 WHERE id = 1;
                    UPDATE item SET id = 3 WHERE id = 2;
                    DELETE FROM item WHERE id = 1;
                    INSERT INTO keyless VALUES (7);
                    """),
            new Scenario("identity-full", 14, PLAIN, """
                    CREATE TABLE item (id int, name text);
                    ALTER TABLE item REPLICA IDENTITY FULL;
                    CREATE PUBLICATION capture FOR TABLE item;
                    """, """
                    INSERT INTO item VALUES (1, 'hammer'), (2, NULL);
                    UPDATE item SET name = 'mallet' WHERE id = 1;
                    DELETE FROM item WHERE id = 2;
                    """),
            new Scenario("identity-index", 14, PLAIN, """
                    CREATE TABLE item (id int PRIMARY KEY, a int NOT NULL, b text NOT NULL);
                    CREATE UNIQUE INDEX item_by_a_b ON item (b, a);
                    ALTER TABLE item REPLICA IDENTITY USING INDEX item_by_a_b;
                    CREATE PUBLICATION capture FOR TABLE item;
                    """, """
                    INSERT INTO item VALUES (1, 10, 'x');
                    UPDATE item SET id = 2;
                    UPDATE item SET b = 'y';
                    DELETE FROM item;
                    """),
            new Scenario("identity-nothing", 14, PLAIN, """
                    CREATE TABLE item (id int PRIMARY KEY);
                    ALTER TABLE item REPLICA IDENTITY NOTHING;
                    CREATE PUBLICATION capture FOR TABLE item;
                    """, """
                    INSERT INTO item VALUES (1);
                    """),
            new Scenario("toast", 14, PLAIN, """
                    CREATE TABLE document (id int PRIMARY KEY, body text, views int);
                    ALTER TABLE document ALTER body SET STORAGE EXTERNAL;
                    CREATE TABLE by_text (key text PRIMARY KEY, views int);
                    ALTER TABLE by_text ALTER key SET STORAGE EXTERNAL;
                    CREATE TABLE by_all (body text, views int);
                    ALTER TABLE by_all ALTER body SET STORAGE EXTERNAL;
                    ALTER TABLE by_all REPLICA IDENTITY FULL;
                    CREATE PUBLICATION capture FOR TABLE document, by_text, by_all;
                    """, """
                    INSERT INTO document VALUES (1, repeat('d', 2100), 0);
                    UPDATE document SET views = 1;
                    UPDATE document SET id = 2;
                    INSERT INTO by_text VALUES (repeat('k', 2100), 0);
                    UPDATE by_text SET views = 1;
                    DELETE FROM by_text;
                    INSERT INTO by_all VALUES (repeat('a', 2100), 0);
                    UPDATE by_all SET views = 1;
                    """),
            new Scenario("nulls", 14, PLAIN, """
                    CREATE TABLE item (id int PRIMARY KEY, a text, b text, c int[]);
                    CREATE TABLE no_columns ();
                    CREATE PUBLICATION capture FOR TABLE item, no_columns;
                    """, """
                    INSERT INTO item VALUES (1, NULL, '', '{}'), (2, '', 'NULL', '{NULL,1}');
                    UPDATE item SET a = '', b = NULL WHERE id = 1;
                    INSERT INTO no_columns DEFAULT VALUES;
                    """),
            new Scenario("truncate", 14, PLAIN, """
                    CREATE TABLE parent (id serial PRIMARY KEY);
                    CREATE TABLE child (id int REFERENCES parent);
                    CREATE PUBLICATION capture FOR TABLE parent, child;
                    """, """
                    TRUNCATE child;
                    TRUNCATE parent, child;
                    TRUNCATE parent CASCADE;
                    TRUNCATE child RESTART IDENTITY;
                    TRUNCATE parent RESTART IDENTITY CASCADE;
                    """),
            new Scenario("types", 14, PLAIN, """
                    CREATE EXTENSION hstore;
                    CREATE TYPE mood AS ENUM ('calm', 'angry');
                    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
                    CREATE TYPE point3d AS (x int, y int, z int);
                    CREATE TABLE item (id int PRIMARY KEY, mood mood, moods mood[], amount positive,
                        place point3d, tags hstore, code varchar(12), price numeric(8, 2));
                    CREATE PUBLICATION capture FOR TABLE item;
                    """, """
                    INSERT INTO item VALUES (1, 'calm', '{angry,calm}', 5, '(1,2,3)', 'a=>1,b=>NULL', 'x', 1.50);
                    """),
            new Scenario("binary", 14, BINARY, """
                    CREATE TYPE mood AS ENUM ('calm', 'angry');
                    CREATE TABLE item (id int PRIMARY KEY, big bigint, ratio float8, name text, data bytea, mood mood,
                        happened timestamptz);
                    CREATE PUBLICATION capture FOR TABLE item;
                    """, """
                    INSERT INTO item VALUES (258, -1, 0.5, 'Zoë', '\\x00ff', 'angry', '2000-01-01 00:00:01+00');
                    INSERT INTO item (id, name) VALUES (1, '');
                    UPDATE item SET id = 2 WHERE id = 1;
                    """),
            new Scenario("names", 14, PLAIN, """
                    CREATE SCHEMA "Sales & Co.";
                    CREATE TYPE "Sales & Co."."Größe ""L""\" AS ENUM ('a');
                    CREATE TABLE "Sales & Co."."odd ""table"" name" ("Select" int PRIMARY KEY, "größe" "Sales & Co."."Größe ""L""\");
                    CREATE TABLE "äääääääääääääääääääääääääääääää1" ("b b" int);
                    CREATE PUBLICATION capture
                        FOR TABLE "Sales & Co."."odd ""table"" name", "äääääääääääääääääääääääääääääää1";
                    """, """
                    INSERT INTO "Sales & Co."."odd ""table"" name" VALUES (1, 'a');
                    INSERT INTO "äääääääääääääääääääääääääääääää1" VALUES (1);
                    """),
            new Scenario("pg-catalog", 14, PLAIN, """
                    SET allow_system_table_mods = on;
                    CREATE DOMAIN pg_catalog.own_domain AS int;
                    CREATE TABLE pg_catalog.own_table (id own_domain PRIMARY KEY);
                    RESET allow_system_table_mods;
                    CREATE PUBLICATION capture FOR TABLE pg_catalog.own_table;
                    """, """
                    INSERT INTO pg_catalog.own_table VALUES (1);
                    """),
            new Scenario("relation-change", 14, PLAIN, """
                    CREATE TABLE item (id int PRIMARY KEY, name text, twice int GENERATED ALWAYS AS (id * 2) STORED);
                    CREATE PUBLICATION capture FOR TABLE item;
                    """, """
                    INSERT INTO item VALUES (1, 'a');
                    ALTER TABLE item ADD COLUMN added varchar(5) DEFAULT 'new';
                    INSERT INTO item VALUES (2, 'b');
                    ALTER TABLE item DROP COLUMN name;
                    INSERT INTO item VALUES (3);
                    """),
            new Scenario("messages", 14, MESSAGES, """
                    CREATE PUBLICATION capture;
                    """, """
                    SELECT pg_logical_emit_message(true, 'committed', 'Zoë');
                    SELECT pg_logical_emit_message(false, 'at once', '\\x00ff'::bytea);
                    BEGIN;
                    SELECT pg_logical_emit_message(true, 'never sent', 'x');
                    SELECT pg_logical_emit_message(false, 'rolled back', '');
                    ROLLBACK;
                    """),
            new Scenario("origin", 14, PLAIN, """
                    CREATE TABLE item (id int PRIMARY KEY);
                    SELECT pg_replication_origin_create('upstream ü');
                    CREATE PUBLICATION capture FOR TABLE item;
                    """, """
                    SELECT pg_replication_origin_session_setup('upstream ü');
                    BEGIN;
                    SELECT pg_replication_origin_xact_setup('1/ABCDEF', '2020-01-02 03:04:05+00');
                    INSERT INTO item VALUES (1);
                    COMMIT;
                    SELECT pg_replication_origin_session_reset();
                    """),
            new Scenario("streaming-commit", 14, STREAMING, STREAMED_TABLES + """
                    SELECT pg_replication_origin_create('streamed');
                    """, """
                    SELECT pg_replication_origin_session_setup('streamed');
                    BEGIN;
                    INSERT INTO item VALUES (1, 'calm');
                    SELECT pg_logical_emit_message(true, 'note', 'in a block');
                    SAVEPOINT mistake;
                    INSERT INTO item VALUES (2, 'angry');
                    INSERT INTO filler SELECT generate_series(1, 1000);
                    -- wait for a stream block;
                    ROLLBACK TO SAVEPOINT mistake;
                    UPDATE item SET id = 3 WHERE id = 1;
                    DELETE FROM item WHERE id = 3;
                    TRUNCATE other RESTART IDENTITY;
                    INSERT INTO filler SELECT generate_series(1, 1000);
                    COMMIT;
                    SELECT pg_replication_origin_session_reset();
                    """),
            new Scenario("streaming-abort", 14, STREAMING, STREAMED_TABLES, """
                    BEGIN;
                    INSERT INTO item VALUES (1, 'calm');
                    INSERT INTO filler SELECT generate_series(1, 1000);
                    -- wait for a stream block;
                    ROLLBACK;
                    """),
            new Scenario("streaming-parallel", 16, PARALLEL, STREAMED_TABLES, """
                    BEGIN;
                    SAVEPOINT mistake;
                    INSERT INTO item VALUES (1, 'calm');
                    INSERT INTO filler SELECT generate_series(1, 1000);
                    -- wait for a stream block;
                    ROLLBACK TO SAVEPOINT mistake;
                    INSERT INTO item VALUES (2, 'calm');
                    INSERT INTO filler SELECT generate_series(1, 1000);
                    COMMIT;
                    """),
            new Scenario("two-phase", 15, TWO_PHASE, """
                    CREATE TABLE item (id int PRIMARY KEY);
                    CREATE PUBLICATION capture FOR TABLE item;
                    """, """
                    BEGIN;
                    INSERT INTO item VALUES (1);
                    PREPARE TRANSACTION 'to commit ü';
                    COMMIT PREPARED 'to commit ü';
                    BEGIN;
                    INSERT INTO item VALUES (2);
                    PREPARE TRANSACTION 'to roll back';
                    ROLLBACK PREPARED 'to roll back';
                    """),
            new Scenario("streaming-two-phase", 15, STREAMING_TWO_PHASE, STREAMED_TABLES, """
                    BEGIN;
                    INSERT INTO item VALUES (1, 'calm');
                    INSERT INTO filler SELECT generate_series(1, 1000);
                    PREPARE TRANSACTION 'streamed';
                    COMMIT PREPARED 'streamed';
                    """));

    private Scenarios() {}
}
