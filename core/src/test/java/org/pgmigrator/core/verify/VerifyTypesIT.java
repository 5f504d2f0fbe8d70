package org.pgmigrator.core.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.progress.ProgressEvent.VerifyResult;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Every type's values hash alike on the oldest and the newest major, whatever the databases' own settings are.
@ExtendWith(SharedServers.class)
class VerifyTypesIT {

    private static final List<String> TYPES = List.of(
            "create type mood as enum ('sad', 'ok', 'it''s \"fine\"')",
            "create type pair as (a int, b text, \"C d\" float8)",
            "create domain positive as int check (value > 0)",
            "create domain pairs as pair[]",
            "create type span as range (subtype = float8)",
            "create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");

    /// A column of each type, and its values: one per row.
    private static final List<List<String>> COLUMNS = List.of(
            List.of("bool", "'t'", "'f'"),
            List.of("int2", "-32768", "32767"),
            List.of("int4", "-2147483648", "7"),
            List.of("int8", "-9223372036854775808", "9223372036854775807"),
            List.of("float4", "'NaN'", "1.17549435e-38", "0.1", "'-0'", "1e10"),
            List.of("float8", "'-Infinity'", "5e-324", "0.1", "1.7976931348623157e308", "1e15", "123456789012345680"),
            List.of("numeric", "'NaN'", "'Infinity'", "1.000", "0.00000000000000000001", "-1e100"),
            List.of("money", "'1234567.89'", "'-0.01'"),
            List.of("text", "''", "'x'", "E'a\\tb\\n\\\\'", "'Grüße, \"Welt\"'", "'()'", "','"),
            List.of("text collate blind", "'a'", "'A'"),
            List.of("varchar(5)", "'abc'"),
            List.of("char(5)", "'abc'", "''"),
            List.of("name", "'n'"),
            List.of("\"char\"", "'a'", "''"),
            List.of("bytea", "'\\x00ff'", "''"),
            List.of("date", "'infinity'", "'4713-01-01 BC'", "'2020-02-29'"),
            List.of("time", "'24:00:00'", "'01:02:03.000001'"),
            List.of("timetz", "'01:02:03+05:30'"),
            List.of("timestamp", "'-infinity'", "'0044-03-15 12:00:00.5 BC'"),
            List.of("timestamptz", "'2020-07-01 12:00:00+02'", "'infinity'"),
            List.of("interval", "'-1 day -02:03:04'", "'1 year 2 months'", "'0'", "'-1 mon +1 day'"),
            List.of("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
            List.of("json", "'{\"b\": 1,  \"a\": null}'", "'1e5'"),
            List.of("jsonb", "'{\"b\": 1.50, \"a\": [null, \"\\u00fc\"]}'"),
            List.of("jsonpath", "'$.a[*] ? (@.b > 1 && exists (@.c)).d'", "'strict $.x.double()'"),
            List.of("xml", "'<a b=\"c\">d</a>'"),
            List.of("bit(3)", "B'101'"),
            List.of("varbit", "B''", "B'1'"),
            List.of("inet", "'10.0.0.1/8'", "'::1'"),
            List.of("cidr", "'10.0.0.0/8'"),
            List.of("macaddr", "'08:00:2b:01:02:03'"),
            List.of("macaddr8", "'08:00:2b:01:02:03:04:05'"),
            List.of("point", "'(0.1,-0)'"),
            List.of("line", "'{1,2,3}'"),
            List.of("lseg", "'[(0,0),(1,1.5)]'"),
            List.of("box", "'(1,1),(0,0)'"),
            List.of("path", "'[(0,0),(1,1)]'"),
            List.of("polygon", "'((0,0),(1,1),(1,0))'"),
            List.of("circle", "'<(0,0),0.3>'"),
            List.of("tsvector", "'a:1A b:2'"),
            List.of("tsquery", "'a & !b <-> c:*'"),
            List.of("int4range", "'[1,10)'", "'empty'", "'(,)'"),
            List.of("numrange", "'[1.0,2.50]'"),
            List.of("tstzrange", "'[2020-01-01 00:00+00,)'"),
            List.of("datemultirange", "'{[2020-01-01,2020-02-01),[2021-01-01,)}'"),
            List.of("span", "'[0.1,0.2]'"),
            List.of("oid", "4294967295"),
            List.of("xid", "'4294967295'"),
            List.of("xid8", "'5'"),
            List.of("cid", "'3'"),
            List.of("tid", "'(1,2)'"),
            List.of("pg_lsn", "'16/B374D848'"),
            List.of("pg_snapshot", "'10:20:10,14,15'"),
            List.of("regclass", "'pg_catalog.pg_class'", "'public.mine'", "'99999'"),
            List.of("regtype", "'int4'", "'public.mood'"),
            List.of("regproc", "'pg_catalog.now'"),
            List.of("regprocedure", "'pg_catalog.abs(int4)'"),
            List.of("regnamespace", "'public'"),
            List.of("regrole", "'pg_monitor'"),
            List.of("regoper", "'pg_catalog.||/'"),
            List.of("regoperator", "'pg_catalog.+(int4,int4)'"),
            List.of("regconfig", "'english'"),
            List.of("regdictionary", "'simple'"),
            List.of("regcollation", "'\"C\"'"),
            List.of("int2vector", "'1 2 3'"),
            List.of("oidvector", "'1 2'"),
            List.of("aclitem", "'=r/pg_monitor'"),
            List.of("mood", "'sad'", "'it''s \"fine\"'"),
            List.of("pair", "row(1, 'a\"b', 0.1)::pair", "row(null, '', 'NaN')::pair", "row(null, null, null)::pair"),
            List.of("positive", "5"),
            List.of("pairs", "array[row(1, 'x,y', 0.3)::pair]"),
            List.of("int4[]", "'{}'", "'{1,NULL,3}'", "'[2:3]={1,2}'"),
            List.of("text[]", "'{\"\",NULL,\"NULL\",\"a b\",\"{}\"}'", "'{{a,b},{c,d}}'"),
            List.of("\"char\"[]", "'{a,b}'"),
            List.of("float8[]", "'{0.1,NaN,-0}'"),
            List.of("mood[]", "'{sad}'"));

    private static PostgresServer oldest;
    private static PostgresServer newest;

    private VerifyPair pair;

    @BeforeAll
    static void start(ServerPool servers) {
        oldest = servers.source(14);
        newest = servers.target(18);
    }

    @BeforeEach
    void databases() throws SQLException {
        pair = new VerifyPair(oldest, newest);
        pair.onBoth("create table mine (a int)");
        pair.onBoth(TYPES.toArray(String[]::new));
        // Row by row these settings would give other texts on the two sides.
        String set = "alter database \"" + pair.name + "\" set ";
        pair.onSource(
                set + "datestyle = 'German'", set + "intervalstyle = 'sql_standard'", set + "timezone = 'Asia/Tokyo'");
        pair.onTarget(set + "extra_float_digits = 0", set + "bytea_output = 'escape'", set + "search_path = public");
    }

    private static String type(int column) {
        return COLUMNS.get(column).getFirst();
    }

    private void tables() throws SQLException {
        for (int i = 0; i < COLUMNS.size(); i++) {
            List<String> values = COLUMNS.get(i);
            pair.onBoth("create table t" + i + " (id int primary key, v " + type(i) + ")");
            for (int row = 1; row < values.size(); row++) {
                pair.onBoth(
                        "set search_path = public, pg_catalog",
                        "insert into t" + i + " values (" + row + ", " + values.get(row) + ")");
            }
            pair.onBoth("insert into t" + i + " values (0, null)");
        }
    }

    @Test
    void everyTypeHashesAlikeOnTheOldestAndTheNewestMajor() throws Exception {
        tables();

        VerifyReport report = pair.compareContent();

        assertThat(report.differing())
                .extracting(result ->
                        result + " " + type(Integer.parseInt(result.object().substring(8))))
                .isEmpty();
        assertThat(report.results()).hasSize(COLUMNS.size() + 1);
    }

    @Test
    void aMissingValueOfEveryTypeIsFoundInItsColumn() throws Exception {
        tables();
        for (int i = 0; i < COLUMNS.size(); i++) {
            pair.onTarget("update t" + i + " set v = null where id = 1");
        }

        VerifyReport report = pair.compareContent();

        assertThat(report.differing()).hasSize(COLUMNS.size());
        assertThat(report.differing()).extracting(VerifyResult::keys).containsOnly(List.of("id=1: differs in v"));
        assertThat(pair.compare(VerifyLevel.COUNTS).equal()).isTrue();
    }

    @Test
    void lettersThatAreEqualToACollationAreNotEqual() throws Exception {
        pair.onBoth("create table t (id int primary key, v text collate blind)");
        pair.onSource("insert into t values (1, 'a')");
        pair.onTarget("insert into t values (1, 'A')");

        assertThat(pair.onlyDifference(VerifyLevel.CONTENT).keys()).containsExactly("id=1: differs in v");
    }

    @Test
    void bytesAbove127InTheOldOneByteTypeAreEqual() throws Exception {
        pair.onBoth("create table t (id int primary key, v \"char\", vs \"char\"[])");
        pair.onBoth("insert into t values (1, (-100)::int4::\"char\", array[(-1)::int4::\"char\"])");

        assertThat(pair.compareContent().equal()).isTrue();
    }

    @Test
    void virtualGeneratedColumnsOfTheTargetAreCompared() throws Exception {
        pair.onSource("create table t (id int primary key, twice int generated always as (id * 2) stored)");
        pair.onTarget("create table t (id int primary key, twice int generated always as (id * 2) virtual)");
        pair.onBoth("insert into t select generate_series(1, 10)");

        assertThat(pair.compareContent().equal()).isTrue();
    }

    @Test
    void extensionTypesAreComparedByTheirText() throws Exception {
        pair.onBoth(
                "create extension hstore",
                "create extension citext",
                "create extension ltree",
                "create table t (id int primary key, h hstore, c citext, l ltree)",
                "insert into t values (1, 'b=>1, a=>NULL', 'Abc', 'a.b')");
        assertThat(pair.compareContent().equal()).isTrue();

        pair.onTarget("update t set c = 'abc'");
        assertThat(pair.onlyDifference(VerifyLevel.CONTENT).keys()).containsExactly("id=1: differs in c");
    }
}
