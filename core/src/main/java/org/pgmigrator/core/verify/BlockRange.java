package org.pgmigrator.core.verify;

import java.util.ArrayList;
import java.util.List;

/// A part of a table by its blocks: what one statement reads, so that none takes long.
///
/// Each side is divided for itself: sums of parts are the same whatever the parts were.
///
/// @param from the first block
/// @param to   the block after the last one; open at the end of the table
record BlockRange(long from, long to) {

    /// No end: a table that grows has new blocks, whose rows the snapshot does not show.
    private static final long OPEN = Long.MAX_VALUE;

    static final BlockRange ALL = new BlockRange(0, OPEN);

    /// What one statement may read, out-of-line values included: about a second of work.
    static final long BYTES = 64L << 20;

    /// With very wide rows a range has few blocks, but not so few that there are more statements than rows.
    private static final long FEWEST_BLOCKS = 16;

    /// Ranges that together are the whole table.
    ///
    /// @param blocks of the table itself
    /// @param bytes  of the table with its out-of-line values
    static List<BlockRange> of(long blocks, long bytes) {
        long perBlock = Math.max(1, bytes / Math.max(1, blocks));
        long step = Math.max(FEWEST_BLOCKS, BYTES / perBlock);
        List<BlockRange> ranges = new ArrayList<>();
        for (long from = 0; from == 0 || from < blocks; from += step) {
            ranges.add(new BlockRange(from, from + step < blocks ? from + step : OPEN));
        }
        return ranges;
    }

    /// The condition on `ctid` of the alias `t`, with ` where ` before it; empty for the whole table.
    ///
    /// See https://www.postgresql.org/docs/current/ddl-system-columns.html
    String where() {
        List<String> conditions = new ArrayList<>();
        if (from > 0) {
            conditions.add("t.ctid >= '(" + from + ",0)'::tid");
        }
        if (to != OPEN) {
            conditions.add("t.ctid < '(" + to + ",0)'::tid");
        }
        return conditions.isEmpty() ? "" : " where " + String.join(" and ", conditions);
    }
}
