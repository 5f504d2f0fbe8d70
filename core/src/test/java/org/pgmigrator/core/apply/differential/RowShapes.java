package org.pgmigrator.core.apply.differential;

import java.util.List;
import org.pgmigrator.core.apply.differential.Shape.Publication;

/// Shapes about what a row is: no identity, partitions, values of every type, a target that differs in form.
final class RowShapes {

    private RowShapes() {}

    static List<Shape> all() {
        return List.of(
                duplicates(),
                indexedDuplicates(),
                fullWithKey(),
                withoutColumns(),
                partitions(),
                viaRoot(),
                viaRootPlain(),
                inheritance(),
                values(),
                identity(),
                otherForm(),
                growing());
    }

    /// Rows without identity, equal ones among them: one event is one row.
    private static Shape duplicates() {
        return Shape.named("duplicates")
                .schema(
                        "create table w.duplicates (grp int, v text, n numeric, f float8, j json, big text)",
                        "alter table w.duplicates alter big set storage external, replica identity full")
                .table(Table.named("w.duplicates")
                        .key("grp", Literal.index())
                        .column("v", Literal.oneOf("'a'", "'b'"))
                        .column("n", Literal.oneOf("1.0", "1.00"))
                        .column("f", Literal.oneOf("0", "'-0'", "'NaN'"))
                        .column("j", Literal.oneOf("'{}'"))
                        .column("big", Literal.oneOf("repeat('x', 3000)", "repeat('y', 3000)"))
                        .duplicates()
                        .build())
                .published(Publication.LEAVES, "w.duplicates")
                .exclusive("truncate w.duplicates");
    }

    private static Shape indexedDuplicates() {
        return Shape.named("indexed_duplicates")
                .schema(
                        "create table w.indexed_duplicates (v text, grp int unique, w int)",
                        "create index on w.indexed_duplicates (v, grp)",
                        "alter table w.indexed_duplicates replica identity full")
                .table(Table.named("w.indexed_duplicates")
                        .key("grp", Literal.index().orNull())
                        .column("v", Literal.oneOf("'a'", "'b'"))
                        .column("w", Literal.oneOf("1", "2"))
                        .duplicates()
                        .build())
                .story(slice -> slice.number() != 0
                        ? List.of()
                        : List.of(
                                "insert into w.indexed_duplicates (v) values ('a'), ('a'), (null)",
                                "update w.indexed_duplicates set w = 3 where grp is null and ctid = (select min(ctid) from"
                                        + " w.indexed_duplicates where grp is null)",
                                "delete from w.indexed_duplicates where grp is null and ctid = (select max(ctid) from"
                                        + " w.indexed_duplicates where grp is null)"))
                .published(Publication.LEAVES, "w.indexed_duplicates");
    }

    private static Shape fullWithKey() {
        return Shape.named("full_with_key")
                .schema(
                        "create table w.full_with_key (a int not null, b text not null, v text, big text)",
                        "create unique index on w.full_with_key (b, a)",
                        "alter table w.full_with_key alter big set storage external, replica identity full")
                .table(Table.named("w.full_with_key")
                        .key("a", Literal.index())
                        .key("b", Literal.textIndex("b"))
                        .column("v", Literal.text())
                        .column("big", Literal.toast())
                        .arbiter("b, a")
                        .build())
                .published(Publication.LEAVES, "w.full_with_key")
                .exclusive("truncate w.full_with_key");
    }

    /// Rows of nothing, and rows that are only ever inserted: what is applied twice shows as a wrong count.
    private static Shape withoutColumns() {
        return Shape.named("without_columns")
                .schema("create table w.nothing ()", "alter table w.nothing replica identity full")
                .story(slice -> List.of("insert into w.nothing default values"))
                .story(slice -> List.of("delete from w.nothing where ctid = (select min(ctid) from w.nothing)"))
                .published(Publication.LEAVES, "w.nothing")
                .exclusive("truncate w.nothing")
                .oneSession();
    }

    static Shape counter() {
        return Shape.named("counter")
                .schema(
                        "create table w.counter (n int, v text, big text)",
                        "alter table w.counter alter big set storage external")
                .table(Table.named("w.counter")
                        .key("n", Literal.index())
                        .column("v", Literal.text())
                        .column("big", Literal.toast())
                        .changes(Table.Changes.INSERT_ONLY)
                        .build())
                .published(Publication.INSERTS, "w.counter")
                .exclusive("truncate w.counter");
    }

    /// Rows that move from leaf to leaf by an update.
    private static Shape partitions() {
        return Shape.named("partitions")
                .schema(partitioned("part"))
                .table(partitionedTable("part"))
                .published(Publication.LEAVES, "w.part")
                .exclusive("truncate w.part")
                .exclusive("truncate w.part_eu")
                .exclusive("truncate w.part_us, w.part_rest");
    }

    private static Shape viaRoot() {
        return Shape.named("via_root")
                .onSource(partitioned("routed"))
                .onTarget(
                        "create table w.routed (id int, region text, v text, big text, primary key (id, region))"
                                + " partition by hash (id)",
                        "create table w.routed0 partition of w.routed for values with (modulus 2, remainder 0)",
                        "create table w.routed1 partition of w.routed for values with (modulus 2, remainder 1)")
                .table(partitionedTable("routed"))
                .published(Publication.ROOT, "w.routed")
                .exclusive("truncate w.routed");
    }

    private static Shape viaRootPlain() {
        return Shape.named("via_root_plain")
                .onSource(partitioned("gathered"))
                .onTarget("create table w.gathered (big text, region text, id int, v text, primary key (region, id))")
                .table(partitionedTable("gathered"))
                .published(Publication.ROOT, "w.gathered")
                .exclusive("truncate w.gathered");
    }

    private static String[] partitioned(String name) {
        String table = "w." + name;
        return new String[] {
            "create table " + table + " (id int, region text, v text, big text, primary key (id, region))"
                    + " partition by list (region)",
            "create table " + table + "_eu partition of " + table + " for values in ('eu')",
            "create table " + table + "_us partition of " + table + " for values in ('us') partition by range (id)",
            "create table " + table + "_us_low partition of " + table + "_us for values from (0) to (12)",
            "create table " + table + "_us_high partition of " + table + "_us for values from (12) to (100000)",
            "create table " + table + "_rest partition of " + table + " default",
            "alter table " + table + " alter big set storage external",
            "alter table " + table + "_eu alter big set storage external",
            "alter table " + table + "_us_low alter big set storage external",
            "alter table " + table + "_us_high alter big set storage external",
        };
    }

    private static Table partitionedTable(String name) {
        return Table.named("w." + name)
                .numericKey("id", Literal.index())
                .notNull("region", Literal.oneOf("'eu'", "'us'", "'us'", "'jp'"))
                .column("v", Literal.text())
                .column("big", Literal.toast())
                .build();
    }

    private static Shape inheritance() {
        return Shape.named("inheritance")
                .schema(
                        "create table w.base (id int primary key, v text)",
                        "create table w.heir (more text, primary key (id)) inherits (w.base)")
                .table(Table.named("w.base")
                        .numericKey("id", Literal.index())
                        .column("v", Literal.text())
                        .arbiter("id")
                        .build())
                .table(Table.named("w.heir")
                        .numericKey("id", Literal.index())
                        .column("v", Literal.text())
                        .column("more", Literal.text())
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.base")
                .exclusive("truncate w.base")
                .exclusive("truncate only w.base");
    }

    /// A value of every sort, NULL often.
    private static Shape values() {
        return Shape.named("values")
                .schema(
                        "create type w.pair as (n numeric, \"T\" text, d date)",
                        "create type w.mood as enum ('sad', 'fine')",
                        "create domain w.pairs as w.pair[]",
                        """
                        create table w.every_value (id bigint primary key, flag boolean, small smallint, num numeric(9, 3),
                            real4 real, real8 float8, day date, at timestamptz, local timestamp, span interval,
                            doc json, docb jsonb, bin bytea, uid uuid, mood w.mood, moods w.mood[], pair w.pair,
                            pairs w.pairs, grid int[][], rng tstzrange, many int4multirange, bits bit varying, ip inet,
                            spot point, words tsvector, letter "char", label name, pad char(7), short varchar(9),
                            cash money, h hstore, x xml, class regclass, clock timetz)""")
                .table(Table.named("w.every_value")
                        .numericKey("id", Literal.index())
                        .column("flag", Literal.oneOf("true", "false"))
                        .column("small", Literal.oneOf("-32768", "0", "32767"))
                        .column("num", Literal.oneOf("'NaN'", "1", "1.50", "-0.001", "999999.999"))
                        .column("real4", Literal.oneOf("'-0'", "'NaN'", "0.1", "3.4028235e38", "'-Infinity'"))
                        .column("real8", Literal.oneOf("'-0'", "'NaN'", "0.1", "1e-300", "'Infinity'", "1.0/3"))
                        .column("day", Literal.oneOf("'infinity'", "'0044-03-15 BC'", "'2024-02-29'"))
                        .column("at", Literal.oneOf("'-infinity'", "'2024-03-31 02:30:00.123456+01'", "'epoch'"))
                        .column("local", Literal.oneOf("'infinity'", "'1999-12-31 23:59:59.999999'"))
                        .column("span", Literal.oneOf("'-1 day -02:03:04'", "'1 mon -1 day'", "'0'"))
                        .column("doc", Literal.oneOf("'{\"a\":  1, \"a\": 2}'", "'null'", "'[1.0]'"))
                        .column("docb", Literal.oneOf("'{\"a\":  1, \"a\": 2}'", "'\"\\u00e9\"'", "'1.00'"))
                        .column("bin", Literal.oneOf("'\\x'", "'\\x00ff0a5c'", "'abc'"))
                        .column("uid", Literal.oneOf("'00000000-0000-0000-0000-00000000000f'"))
                        .column("mood", Literal.oneOf("'sad'", "'fine'"))
                        .column("moods", Literal.oneOf("'{sad,null}'", "'{}'", "'[3:4]={fine,sad}'"))
                        .column("pair", Literal.oneOf("row(1.0, 'a\"b\\c,(d)', null)", "row(null, null, null)"))
                        .column("pairs", Literal.oneOf("array[row(1, '', null)::w.pair, null]", "'{}'"))
                        .column("grid", Literal.oneOf("'{{1,null},{3,4}}'", "'{}'"))
                        .column("rng", Literal.oneOf("'empty'", "'[epoch,)'", "'(,)'"))
                        .column("many", Literal.oneOf("'{}'", "'{[1,3),[7,)}'"))
                        .column("bits", Literal.oneOf("b''", "b'101'"))
                        .column("ip", Literal.oneOf("'::1/64'", "'10.0.0.1'"))
                        .column("spot", Literal.oneOf("'(1,-0)'", "'(NaN,1e300)'"))
                        .column("words", Literal.oneOf("'a:1A ''b c'':2'", "''"))
                        .column("letter", Literal.oneOf("'x'", "''", "'\\'"))
                        .column("label", Literal.text())
                        .column("pad", Literal.oneOf("'a'", "''", "'a\\b'"))
                        .column("short", Literal.oneOf("'123456789'", "''"))
                        .column("cash", Literal.oneOf("1234.5", "-0.01"))
                        .column("h", Literal.oneOf("'a=>1, \"b c\"=>NULL'", "''"))
                        .column("x", Literal.oneOf("'<a>&lt;</a>'", "'text'"))
                        .column("class", Literal.oneOf("'pg_catalog.pg_class'", "'w.every_value'", "'-'"))
                        .column("clock", Literal.oneOf("'24:00:00-15:59'", "'12:00+02'"))
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.every_value")
                .exclusive("truncate w.every_value");
    }

    /// An identity column that is not the key, and changes; the target takes its values as they come.
    private static Shape identity() {
        return Shape.named("identity")
                .schema(
                        "create table w.numbered (id int primary key, nr int generated always as identity unique, v text)")
                .table(Table.named("w.numbered")
                        .numericKey("id", Literal.index())
                        .column("v", Literal.text())
                        .arbiter("id")
                        .build())
                .story(slice -> List.of("update w.numbered set nr = default where id = " + slice.index()))
                .onTarget("alter table w.numbered alter nr set generated by default")
                .published(Publication.LEAVES, "w.numbered")
                .exclusive("truncate w.numbered restart identity")
                .otherConstraint();
    }

    /// The target has its columns in another order, and one more.
    private static Shape otherForm() {
        return Shape.named("other_form")
                .onSource(
                        "create table w.other_form (gone int, id int primary key, a text, big text, b numeric)",
                        "alter table w.other_form drop gone, alter big set storage external")
                .onTarget(
                        "create table w.other_form (b numeric, extra text not null default 'x', dropped int, id int primary"
                                + " key, big text, a text)",
                        "alter table w.other_form drop dropped")
                .table(Table.named("w.other_form")
                        .numericKey("id", Literal.index())
                        .column("a", Literal.text())
                        .column("big", Literal.toast())
                        .column("b", Literal.integer())
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.other_form")
                .exclusive("truncate w.other_form");
    }

    /// A column that the source adds on the way; the target has it already.
    private static Shape growing() {
        return Shape.named("growing")
                .onSource("create table w.growing (id int primary key, v text, big text)")
                .onTarget("create table w.growing (id int primary key, v text, big text, later int)")
                .schema()
                .table(Table.named("w.growing")
                        .numericKey("id", Literal.index())
                        .column("v", Literal.text())
                        .column("big", Literal.toast())
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.growing")
                .exclusive(
                        "update w.growing set v = 'before'",
                        "alter table w.growing add column if not exists later int",
                        "alter table w.growing alter big set storage external",
                        "update w.growing set later = id, v = 'after' where id < 12",
                        "update w.growing set later = coalesce(later, 0) + 1");
    }
}
