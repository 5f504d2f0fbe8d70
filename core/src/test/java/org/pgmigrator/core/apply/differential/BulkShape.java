package org.pgmigrator.core.apply.differential;

import java.util.List;
import org.pgmigrator.core.apply.differential.Shape.Publication;

/// A table that is changed by the thousand: transactions as large as a window, and larger.
final class BulkShape {

    private BulkShape() {}

    /// @param rows of a large statement
    static Shape of(int rows) {
        return Shape.named("bulk")
                .schema(
                        "create table w.bulk (id int primary key, v text, big text, n int)",
                        "alter table w.bulk alter big set storage external")
                .story(slice -> List.of("insert into w.bulk select g * 3 + " + slice.number()
                        + ", md5(g::text) || repeat('v', 150), case when g % 40 = 0 then repeat(md5(g::text), 80) end, g"
                        + " from generate_series(" + range(slice, rows) + ") g on conflict do nothing"))
                .story(slice -> List.of(
                        "update w.bulk set n = n + 1 where " + some(slice, rows),
                        "update w.bulk set v = 'short' || n where " + some(slice, rows / 4)))
                .story(slice -> List.of(
                        "update w.bulk set id = id + 3000000 where " + some(slice, rows / 4),
                        "update w.bulk set n = -n where id > 3000000 and id % 3 = " + slice.number(),
                        slice.chance(50)
                                ? "delete from w.bulk where id > 3000000 and id % 3 = " + slice.number()
                                : "update w.bulk set id = id - 3000000 where id > 3000000 and id % 3 = "
                                        + slice.number()))
                .story(slice -> List.of(
                        "delete from w.bulk where " + some(slice, rows / 2),
                        "insert into w.bulk select g * 3 + " + slice.number() + ", 'again', repeat('z', 2500), g"
                                + " from generate_series(" + range(slice, rows / 10)
                                + ") g on conflict (id) do update set n = w.bulk.n + 1000"))
                .published(Publication.LEAVES, "w.bulk")
                .exclusive("truncate w.bulk");
    }

    private static String range(Slice slice, int rows) {
        int from = slice.random().nextInt(rows);
        return from + ", " + (from + slice.random().nextInt(rows));
    }

    private static String some(Slice slice, int rows) {
        int from = slice.random().nextInt(rows + 1) * 3;
        return "id % 3 = " + slice.number() + " and id between " + from + " and "
                + (from + 3 * slice.random().nextInt(rows + 1));
    }
}
