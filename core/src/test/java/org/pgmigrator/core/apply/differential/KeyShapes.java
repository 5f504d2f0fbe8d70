package org.pgmigrator.core.apply.differential;

import java.util.List;
import org.pgmigrator.core.apply.differential.Shape.Publication;

/// Shapes about how a row is identified: kinds of keys, and the other constraints that the order of changes keeps.
final class KeyShapes {

    private KeyShapes() {}

    static List<Shape> all() {
        return List.of(
                toast(),
                wideKey(),
                scaledKey(),
                caselessKey(),
                oddKey(),
                keyOnly(),
                unique(),
                partlyUnique(),
                deferrable(),
                exclusion(),
                byIndex(),
                uniqueGenerated(),
                foreignKey());
    }

    /// Two large values that are rarely sent, and a key that moves.
    private static Shape toast() {
        return Shape.named("toast")
                .schema(
                        "create table w.toast (id int primary key, a text, big1 text, big2 text, n int)",
                        "alter table w.toast alter big1 set storage external, alter big2 set storage external")
                .table(Table.named("w.toast")
                        .numericKey("id", Literal.index())
                        .column("a", Literal.text())
                        .column("big1", Literal.toast())
                        .column("big2", Literal.toast())
                        .column("n", Literal.integer())
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.toast")
                .exclusive("truncate w.toast")
                .exclusive("alter table w.toast replica identity full")
                .exclusive("alter table w.toast replica identity default")
                .exclusive("alter table w.toast alter n set statistics 77");
    }

    /// A key that is itself stored out of line: an update that keeps it sends it as the old key only.
    private static Shape wideKey() {
        return Shape.named("wide_key")
                .schema(
                        "create table w.wide_key (k1 text, k2 text, v text, big text, primary key (k1, k2))",
                        "alter table w.wide_key alter k2 set storage external, alter big set storage external")
                .table(Table.named("w.wide_key")
                        .key("k1", Literal.textIndex("k"))
                        .key("k2", Literal.wideIndex())
                        .column("v", Literal.text())
                        .column("big", Literal.toast())
                        .arbiter("k1, k2")
                        .build())
                .published(Publication.LEAVES, "w.wide_key")
                .exclusive("truncate w.wide_key");
    }

    private static Shape scaledKey() {
        return Shape.named("scaled_key")
                .schema(
                        "create table w.scaled_key (v text, id numeric primary key, big text, n numeric)",
                        "alter table w.scaled_key alter big set storage external")
                .table(Table.named("w.scaled_key")
                        .numericKey("id", Literal.scaledIndex())
                        .column("v", Literal.text())
                        .column("big", Literal.toast())
                        .column("n", Literal.oneOf("1", "1.0", "1.00", "'NaN'", "-0.0", "1e30"))
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.scaled_key")
                .exclusive("truncate w.scaled_key");
    }

    private static Shape caselessKey() {
        return Shape.named("caseless_key")
                .schema(
                        "create table w.caseless_key (id citext primary key, v citext, big text)",
                        "alter table w.caseless_key alter big set storage external")
                .table(Table.named("w.caseless_key")
                        .key("id", Literal.caselessIndex())
                        .column("v", Literal.text())
                        .column("big", Literal.toast())
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.caseless_key")
                .exclusive("truncate w.caseless_key");
    }

    /// A key of user types, in a table whose names need quoting.
    private static Shape oddKey() {
        String table = "\"Odd \"\"S\".\"T a\\b\"";
        Literal moodIndex =
                (random, index) -> List.of("'sad'", "'it''s ok'", "'(,\"'").get(index % 3);
        Literal arrayIndex = (random, index) -> "array[" + index + ", null]";
        return Shape.named("odd_key")
                .schema(
                        "create schema \"Odd \"\"S\"",
                        "create type \"Odd \"\"S\".mood as enum ('sad', 'it''s ok', '(,\"')",
                        "create domain \"Odd \"\"S\".code as char(6) check (value <> 'never')",
                        "create table " + table + " (\"Ä{}\" text, \"select\" \"Odd \"\"S\".mood, \"a\"\"b\" int[],"
                                + " \"Code\" \"Odd \"\"S\".code, v text, primary key (\"select\", \"a\"\"b\", \"Code\"))",
                        "alter table " + table + " alter \"Ä{}\" set storage external")
                .table(Table.named(table)
                        .key("\"select\"", moodIndex)
                        .key("\"a\"\"b\"", arrayIndex)
                        .key("\"Code\"", Literal.textIndex("c "))
                        .column("\"Ä{}\"", Literal.toast())
                        .column("v", Literal.text())
                        .arbiter("\"select\", \"a\"\"b\", \"Code\"")
                        .build())
                .published(Publication.LEAVES, table)
                .exclusive("truncate " + table);
    }

    private static Shape keyOnly() {
        return Shape.named("key_only")
                .schema("create table w.key_only (a int, b text, primary key (b, a))")
                .table(Table.named("w.key_only")
                        .key("a", Literal.index())
                        .key("b", Literal.textIndex("b"))
                        .arbiter("b, a")
                        .build())
                .published(Publication.LEAVES, "w.key_only")
                .exclusive("truncate w.key_only");
    }

    /// Unique values beside the key, checked at once: given up by one row, taken by another.
    private static Shape unique() {
        return Shape.named("unique_beside")
                .schema(
                        "create table w.unique_beside (id int primary key, code int unique, tag text not null, big text,"
                                + " v text, unique (tag, code))",
                        "alter table w.unique_beside alter big set storage external")
                .table(Table.named("w.unique_beside")
                        .numericKey("id", Literal.index())
                        .unique("code", Literal.index().orNull())
                        .unique("tag", Literal.textIndex("tag"))
                        .column("big", Literal.toast())
                        .column("v", Literal.text())
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.unique_beside")
                .exclusive("truncate w.unique_beside");
    }

    /// Unique by an expression and under a condition only.
    private static Shape partlyUnique() {
        return Shape.named("partly_unique")
                .schema(
                        "create table w.partly_unique (id int primary key, email text, live boolean not null, big text)",
                        "alter table w.partly_unique alter big set storage external",
                        "create unique index on w.partly_unique (lower(email)) where live")
                .table(Table.named("w.partly_unique")
                        .numericKey("id", Literal.index())
                        .unique("email", Literal.caselessIndex().orNull())
                        .notNull("live", Literal.oneOf("true", "true", "false"))
                        .column("big", Literal.toast())
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.partly_unique");
    }

    /// Not enforced before the end of the transaction, and as primary key no replica identity.
    private static Shape deferrable() {
        return Shape.named("deferrable")
                .schema(
                        "create table w.ordered (id int primary key, pos int unique deferrable initially deferred,"
                                + " big text, v text)",
                        "alter table w.ordered alter big set storage external",
                        "create table w.deferred_key (pos int primary key deferrable initially deferred, v text,"
                                + " big text)",
                        "alter table w.deferred_key alter big set storage external, replica identity full")
                .table(Table.named("w.ordered")
                        .numericKey("id", Literal.index())
                        .unique("pos", Literal.index())
                        .column("big", Literal.toast())
                        .column("v", Literal.text())
                        .arbiter("id")
                        .build())
                .table(Table.named("w.deferred_key")
                        .numericKey("pos", Literal.index())
                        .column("v", Literal.text())
                        .column("big", Literal.toast())
                        .build())
                .story(slice -> List.of("update w.ordered set pos = pos + 3 where pos % 3 = " + slice.number()
                        + " and pos between " + slice.index() + " and 99"))
                .published(Publication.LEAVES, "w.ordered", "w.deferred_key")
                .exclusive("truncate w.ordered, w.deferred_key");
    }

    private static Shape exclusion() {
        // Every other one reaches into its neighbour, which is in the same slice.
        Literal range = (random, index) -> {
            int begin = index % Slice.COUNT * 10_000 + index / Slice.COUNT * 10;
            return "int4range(" + begin + ", " + (begin + (index % 2 == 0 ? 8 : 12)) + ")";
        };
        return Shape.named("exclusion")
                .schema("create table w.booked (id int primary key, during int4range, v text,"
                        + " exclude using gist (during with &&))")
                .table(Table.named("w.booked")
                        .numericKey("id", Literal.index())
                        .unique("during", range.orNull())
                        .column("v", Literal.text())
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.booked")
                .exclusive("truncate w.booked");
    }

    /// The replica identity is not the primary key, which is then one more unique constraint.
    private static Shape byIndex() {
        return Shape.named("by_index")
                .schema(
                        "create table w.by_index (id int primary key, a int not null, b text not null, v text, big text)",
                        "alter table w.by_index alter big set storage external",
                        "create unique index by_index_key on w.by_index (b, a) include (v)",
                        "alter table w.by_index replica identity using index by_index_key")
                .table(Table.named("w.by_index")
                        .numericKey("id", Literal.index())
                        .unique("a", Literal.index())
                        .unique("b", Literal.textIndex("b"))
                        .column("v", Literal.text())
                        .column("big", Literal.toast())
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.by_index")
                .exclusive("truncate w.by_index");
    }

    /// Generated columns are not sent, and one of them is unique.
    private static Shape uniqueGenerated() {
        return Shape.named("generated")
                .schema(
                        "create table w.generated (id int primary key, twice int generated always as (a * 2) stored"
                                + " unique, a int, big text, shout text generated always as (upper(left(big, 5))) stored)",
                        "alter table w.generated alter big set storage external")
                .table(Table.named("w.generated")
                        .numericKey("id", Literal.index())
                        .unique("a", Literal.index().orNull())
                        .column("big", Literal.toast())
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.generated")
                .exclusive("truncate w.generated");
    }

    /// Deletes and truncates that reach another table.
    private static Shape foreignKey() {
        return Shape.named("foreign_key")
                .schema(
                        "create table w.parent (id int primary key, v text)",
                        "create table w.child (id int primary key, parent int references w.parent on delete cascade"
                                + " on update cascade, nr int generated by default as identity, v text)")
                .table(Table.named("w.parent")
                        .numericKey("id", Literal.index())
                        .column("v", Literal.text())
                        .arbiter("id")
                        .build())
                .table(Table.named("w.child")
                        .numericKey("id", Literal.index())
                        .unique("parent", Literal.index().orNull())
                        .column("v", Literal.text())
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.parent", "w.child")
                .exclusive("truncate w.parent cascade")
                .exclusive("truncate w.child restart identity", "insert into w.child (id) values (99)");
    }
}
