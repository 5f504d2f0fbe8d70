package org.pgmigrator.core.apply.differential;

import java.util.List;
import org.pgmigrator.core.apply.differential.Shape.Publication;

/// Shapes whose target shows in which order, and how often, changes came: triggers and rules that fire for them. The
/// source has the same triggers, and what they write is not published.
final class OrderShapes {

    private OrderShapes() {}

    static List<Shape> all() {
        return List.of(chain(), counted(), rule());
    }

    /// Each change is hashed together with all those before it, of two tables.
    private static Shape chain() {
        return Shape.named("chain")
                .schema(
                        "create table w.linked (id int primary key, v text, big text)",
                        "alter table w.linked alter big set storage external",
                        "create table w.chain (id int primary key, h text, length int)",
                        "insert into w.chain values (0, '', 0)",
                        """
                        create function w.link() returns trigger language plpgsql as $$ begin
                          update w.chain set length = length + 1, h = md5(h || tg_op || coalesce(old::text, '') ||
                              coalesce(new::text, ''));
                          return null;
                        end $$""",
                        "create trigger link after insert or update or delete on w.linked for each row"
                                + " execute function w.link()",
                        "create table w.linked_too (id int primary key, v text)",
                        "create trigger link after insert or update or delete on w.linked_too for each row"
                                + " execute function w.link()",
                        "create trigger link_all after truncate on w.linked for each statement"
                                + " execute function w.link()")
                .onTarget(
                        "alter table w.linked enable always trigger link, enable replica trigger link_all",
                        "alter table w.linked_too enable always trigger link")
                .table(Table.named("w.linked")
                        .numericKey("id", Literal.index())
                        .column("v", Literal.text())
                        .column("big", Literal.toast())
                        .arbiter("id")
                        .build())
                .table(Table.named("w.linked_too")
                        .numericKey("id", Literal.index())
                        .column("v", Literal.text())
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.linked", "w.linked_too")
                .exclusive("truncate w.linked")
                .oneSession();
    }

    /// A trigger changes the row itself; its column is not published.
    private static Shape counted() {
        return Shape.named("counted")
                .schema(
                        "create table w.counted (id int primary key, v text, hits int default 0)",
                        """
                        create function w.hit() returns trigger language plpgsql as $$ begin
                          new.hits := old.hits + 1;
                          return new;
                        end $$""",
                        "create trigger hit before update on w.counted for each row execute function w.hit()")
                .onTarget("alter table w.counted enable replica trigger hit")
                .table(Table.named("w.counted")
                        .numericKey("id", Literal.index())
                        .column("v", Literal.text())
                        .arbiter("id")
                        .build())
                .published(Publication.LEAVES, "w.counted (id, v)")
                .exclusive("truncate w.counted");
    }

    private static Shape rule() {
        return Shape.named("rule")
                .schema(
                        "create table w.ruled (id int primary key, v text)",
                        "create table w.rule_log (id int, v text, what text)",
                        "create rule on_insert as on insert to w.ruled do also"
                                + " insert into w.rule_log values (new.id, new.v, 'insert')",
                        "create rule on_update as on update to w.ruled do also"
                                + " insert into w.rule_log values (old.id, new.v, 'update')")
                .onTarget(
                        "alter table w.ruled enable always rule on_insert",
                        "alter table w.ruled enable replica rule on_update")
                .table(Table.named("w.ruled")
                        .key("id", Literal.index())
                        .column("v", Literal.text())
                        .build())
                .story(slice -> List.of(
                        "delete from w.ruled where id % 3 = " + slice.number(),
                        "insert into w.ruled select g * 3 + " + slice.number()
                                + ", 'many' from generate_series(1, 25) g"))
                .published(Publication.LEAVES, "w.ruled");
    }
}
