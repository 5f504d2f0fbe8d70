package org.pgmigrator.core.verify;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Rows of a table with a key. A key is unique on the source only by its index, and on the target perhaps not at all:
/// each may have several rows.
final class KeyedRows implements FoundRows {

    private final ComparedTable table;
    private final Map<String, Rows> byKey = new TreeMap<>();

    KeyedRows(ComparedTable table) {
        this.table = table;
    }

    /// The rows of one key.
    private record Rows(List<String> key, List<RowHash> there, List<RowHash> here) {
        boolean differ() {
            return !sorted(there).equals(sorted(here));
        }

        private static List<RowHash> sorted(List<RowHash> hashes) {
            return hashes.stream().sorted().toList();
        }

        boolean isOneOnEachSide() {
            return there.size() == 1 && here.size() == 1;
        }
    }

    /// The hashes of the columns of each key on both sides.
    static final class ColumnHashes {
        private final Map<List<String>, List<String>> there = new HashMap<>();
        private final Map<List<String>, List<String>> here = new HashMap<>();

        void add(boolean ofSource, List<String> key, List<String> hashes) {
            (ofSource ? there : here).put(key, hashes);
        }

        private List<String> differing(List<String> key, List<String> columns) {
            List<String> first = there.getOrDefault(key, List.of());
            List<String> second = here.getOrDefault(key, List.of());
            return IntStream.range(0, Math.min(first.size(), second.size()))
                    .filter(i -> !first.get(i).equals(second.get(i)))
                    .mapToObj(columns::get)
                    .toList();
        }
    }

    void add(boolean ofSource, List<String> key, RowHash hash) {
        Rows rows = byKey.computeIfAbsent(
                String.join("\u0000", key), text -> new Rows(key, new ArrayList<>(), new ArrayList<>()));
        (ofSource ? rows.there : rows.here).add(hash);
    }

    @Override
    public RowDifferences differences(int listed, long unseen, ColumnReader columns, List<String> problems)
            throws InterruptedException, TimeoutException {
        List<Rows> differing = byKey.values().stream().filter(Rows::differ).toList();
        List<Rows> shown = differing.subList(0, Math.min(listed, differing.size()));
        ColumnHashes hashes = new ColumnHashes();
        List<List<String>> changed =
                shown.stream().filter(Rows::isOneOnEachSide).map(Rows::key).toList();
        if (!changed.isEmpty()) {
            columns.read(changed, hashes);
        }
        return new RowDifferences(
                shown.stream().map(rows -> describe(rows, hashes)).toList(),
                differing.size() - shown.size() + unseen,
                sql(table.source(), shown),
                sql(table.target(), shown),
                problems);
    }

    private String describe(Rows rows, ColumnHashes hashes) {
        String name = IntStream.range(0, rows.key.size())
                .mapToObj(i -> table.key().get(i) + "=" + rows.key.get(i))
                .collect(Collectors.joining(", "));
        if (rows.here.isEmpty()) {
            return name + ": only on the source";
        }
        if (rows.there.isEmpty()) {
            return name + ": only on the target";
        }
        if (!rows.isOneOnEachSide()) {
            return name + ": " + rows.there.size() + " rows on the source, " + rows.here.size() + " on the target";
        }
        List<String> columns = hashes.differing(rows.key, table.columns());
        return name + ": differs" + (columns.isEmpty() ? "" : " in " + String.join(", ", columns));
    }

    private String sql(TableRead side, List<Rows> shown) {
        List<List<String>> keys = shown.stream().map(Rows::key).toList();
        return Optional.of(keys)
                .filter(some -> !some.isEmpty())
                .map(some -> "SELECT * FROM " + only(side) + side.name().quoted() + " WHERE "
                        + ContentSql.keyCondition("", table.key(), some) + ";")
                .orElse("");
    }

    static String only(TableRead side) {
        return side.whole() ? "" : "ONLY ";
    }
}
