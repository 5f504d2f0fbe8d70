package org.pgmigrator.core.verify;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeoutException;
import org.pgmigrator.core.postgres.SqlState;

/// Finds the rows in which a table differs: first the parts that hold them, then the rows of those parts.
///
/// A row belongs to a part by the hash of its key, or of all of it where there is no key. So it does not matter how
/// either
/// side sorts, and what is kept here is bounded, however large the table is.
final class Narrowing {

    /// Rows of a part on average: what one part more costs to look at.
    private static final int ROWS_PER_PART = 500;

    private static final int MOST_PARTS = 1 << 16;

    /// Rows of both sides that are looked at one by one.
    private static final long MOST_ROWS = 50_000;

    private final ComparedTable table;
    private final SideSessions source;
    private final SideSessions target;
    private final Workers workers;
    private final Deadline deadline;
    private final List<BlockRange> sourceRanges;
    private final List<BlockRange> targetRanges;
    private final Set<String> problems = new TreeSet<>();

    Narrowing(
            ComparedTable table,
            SideSessions source,
            SideSessions target,
            Workers workers,
            Deadline deadline,
            List<BlockRange> sourceRanges,
            List<BlockRange> targetRanges) {
        this.table = table;
        this.source = source;
        this.target = target;
        this.workers = workers;
        this.deadline = deadline;
        this.sourceRanges = sourceRanges;
        this.targetRanges = targetRanges;
    }

    /// @param rows   of the side that has more
    /// @param listed how many are named
    RowDifferences find(long rows, int listed) throws InterruptedException, TimeoutException {
        int parts = parts(rows);
        Map<Integer, TableContent> there = new HashMap<>();
        Map<Integer, TableContent> here = new HashMap<>();
        read(
                (ofSource, range) ->
                        ContentSql.parts(table.read(ofSource), table.rowText(ofSource), table.key(), range, parts),
                (ofSource, row) -> {
                    int part = row.getInt(1);
                    TableContent content = TableContent.of(row, 2);
                    return () -> (ofSource ? there : here).merge(part, content, TableContent::plus);
                });
        Map<Integer, Long> differing = differing(there, here);
        Set<Integer> wanted = wanted(differing);
        FoundRows found = table.key().isEmpty() ? withoutKey(parts, wanted) : keyed(parts, wanted);
        long unseen = (long) differing.size() - wanted.size();
        return found.differences(listed, unseen, this::columnHashes, List.copyOf(problems));
    }

    /// A power of two.
    static int parts(long rows) {
        return (int) Math.min(MOST_PARTS, Long.highestOneBit(Math.max(1, rows / ROWS_PER_PART)));
    }

    /// The parts that differ, each with the rows that both sides have in it.
    static Map<Integer, Long> differing(Map<Integer, TableContent> there, Map<Integer, TableContent> here) {
        Set<Integer> all = new TreeSet<>(there.keySet());
        all.addAll(here.keySet());
        Map<Integer, Long> differing = new TreeMap<>();
        for (Integer part : all) {
            TableContent first = there.getOrDefault(part, TableContent.EMPTY);
            TableContent second = here.getOrDefault(part, TableContent.EMPTY);
            if (!first.equals(second)) {
                differing.put(part, first.rows() + second.rows());
            }
        }
        return differing;
    }

    /// As many parts as may be looked at row by row, at least one.
    static Set<Integer> wanted(Map<Integer, Long> differing) {
        Set<Integer> wanted = new TreeSet<>();
        long rows = 0;
        for (Map.Entry<Integer, Long> part : differing.entrySet()) {
            rows += part.getValue();
            if (!wanted.isEmpty() && rows > MOST_ROWS) {
                break;
            }
            wanted.add(part.getKey());
        }
        return wanted;
    }

    private FoundRows keyed(int parts, Set<Integer> wanted) throws InterruptedException, TimeoutException {
        KeyedRows rows = new KeyedRows(table);
        int width = table.key().size();
        read(
                (ofSource, range) -> ContentSql.keyedRows(
                        table.read(ofSource), table.rowText(ofSource), table.key(), range, parts, wanted),
                (ofSource, row) -> {
                    RowHash hash = new RowHash(row.getLong(1), row.getLong(2));
                    List<String> key = texts(row, 3, width);
                    return () -> rows.add(ofSource, key, hash);
                });
        return rows;
    }

    private FoundRows withoutKey(int parts, Set<Integer> wanted) throws InterruptedException, TimeoutException {
        RowsWithoutKey rows = new RowsWithoutKey(table);
        read(
                (ofSource, range) ->
                        ContentSql.rowsWithoutKey(table.read(ofSource), table.rowText(ofSource), range, parts, wanted),
                (ofSource, row) -> {
                    RowHash hash = new RowHash(row.getLong(1), row.getLong(2));
                    long count = row.getLong(3);
                    String place = row.getString(4);
                    return () -> rows.add(ofSource, hash, count, place);
                });
        return rows;
    }

    /// For each of the keys the hashes of its columns, on both sides.
    private void columnHashes(List<List<String>> keys, KeyedRows.ColumnHashes hashes)
            throws InterruptedException, TimeoutException {
        int width = table.key().size();
        Row reader = (ofSource, row) -> {
            List<String> key = texts(row, 1, width);
            List<String> columns = texts(row, width + 1, table.columns().size());
            return () -> hashes.add(ofSource, key, columns);
        };
        workers.run(
                Reading.tasks(List.of(columnReading(true, keys, reader)), source, deadline),
                Reading.tasks(List.of(columnReading(false, keys, reader)), target, deadline),
                deadline);
    }

    private Reading columnReading(boolean ofSource, List<List<String>> keys, Row reader) {
        String sql = ContentSql.columnHashes(table.read(ofSource), table.rowText(ofSource), table.key(), keys);
        return reading(ofSource, sql, reader);
    }

    /// SQL NULL as `NULL`, which no hash looks like.
    private static List<String> texts(ResultSet row, int first, int count) throws SQLException {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(String.valueOf(row.getString(first + i)));
        }
        return texts;
    }

    /// The statement for a part of the table on one side.
    @FunctionalInterface
    private interface Sql {
        String of(boolean ofSource, BlockRange range);
    }

    /// What is made of one row.
    @FunctionalInterface
    private interface Row {
        Runnable read(boolean ofSource, ResultSet row) throws SQLException;
    }

    private void read(Sql sql, Row reader) throws InterruptedException, TimeoutException {
        workers.run(
                Reading.tasks(readings(true, sourceRanges, sql, reader), source, deadline),
                Reading.tasks(readings(false, targetRanges, sql, reader), target, deadline),
                deadline);
    }

    private List<Reading> readings(boolean ofSource, List<BlockRange> ranges, Sql sql, Row reader) {
        return ranges.stream()
                .map(range -> reading(ofSource, sql.of(ofSource, range), reader))
                .toList();
    }

    private Reading reading(boolean ofSource, String sql, Row reader) {
        return new Reading(
                sql,
                BlockRange.BYTES,
                rows -> {
                    List<Runnable> all = new ArrayList<>();
                    while (rows.next()) {
                        all.add(reader.read(ofSource, rows));
                    }
                    return () -> {
                        synchronized (this) {
                            all.forEach(Runnable::run);
                        }
                    };
                },
                refusal -> {
                    synchronized (this) {
                        problems.add("the differing rows could not all be found: " + SqlState.serverWords(refusal));
                    }
                });
    }
}
