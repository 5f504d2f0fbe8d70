package org.pgmigrator.sandbox.compare;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// Finds some of the rows that differ, as EXCEPT ALL in both directions would.
///
/// The rows are divided into parts by their hash, on both servers in the same way; only parts whose sums differ are
/// fetched, so that a large table needs little memory here.
record RowDifferences(ComparedDatabase left, ComparedDatabase right, int limit) {

    private static final int ROWS_PER_PART = 1_000;
    private static final int MAXIMUM_PARTS = 1 << 20;

    List<String> find(TableShape table, List<String> columns, long rowCount) throws SQLException {
        // A power of two, because the part is taken from the hash by a bit mask.
        int parts = (int) Math.min(MAXIMUM_PARTS, Long.highestOneBit(Math.max(1, rowCount / ROWS_PER_PART)));
        Map<Integer, Content> leftContents = left.contents(table, columns, parts);
        Map<Integer, Content> rightContents = right.contents(table, columns, parts);
        Set<Integer> numbers = new HashSet<>(leftContents.keySet());
        numbers.addAll(rightContents.keySet());
        List<String> samples = new ArrayList<>();
        for (int part : numbers) {
            if (samples.size() < limit && !Objects.equals(leftContents.get(part), rightContents.get(part))) {
                Map<RowSample, Integer> leftRows = left.rows(table, columns, parts, part);
                Map<RowSample, Integer> rightRows = right.rows(table, columns, parts, part);
                add(samples, "left has", leftRows, rightRows);
                add(samples, "right has", rightRows, leftRows);
            }
        }
        return samples;
    }

    private void add(
            List<String> samples, String side, Map<RowSample, Integer> rows, Map<RowSample, Integer> otherRows) {
        rows.forEach((row, count) -> {
            int more = count - otherRows.getOrDefault(row, 0);
            if (more > 0 && samples.size() < limit) {
                samples.add(side + " " + more + " more of " + row.text());
            }
        });
    }
}
