package org.pgmigrator.core.verify;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Rows of a table without a key: equal ones are counted, and shown by where one of them is.
final class RowsWithoutKey implements FoundRows {

    private final ComparedTable table;
    private final Map<RowHash, Equal> byHash = new HashMap<>();

    RowsWithoutKey(ComparedTable table) {
        this.table = table;
    }

    /// Rows that are equal to each other.
    ///
    /// @param therePlace of one of them on the source, null if there is none
    private record Equal(
            long there,
            @Nullable String therePlace,
            long here,
            @Nullable String herePlace) {

        static final Equal NOWHERE = new Equal(0, null, 0, null);

        Equal plus(boolean ofSource, long count, String place) {
            return ofSource
                    ? new Equal(there + count, therePlace == null ? place : therePlace, here, herePlace)
                    : new Equal(there, therePlace, here + count, herePlace == null ? place : herePlace);
        }

        @Nullable
        String place(boolean ofSource) {
            return ofSource ? therePlace : herePlace;
        }

        String describe() {
            String where = therePlace == null ? "on the target at " + herePlace : "on the source at " + therePlace;
            return "row " + where + ": " + there + " on the source, " + here + " on the target";
        }
    }

    void add(boolean ofSource, RowHash hash, long count, String place) {
        byHash.put(hash, byHash.getOrDefault(hash, Equal.NOWHERE).plus(ofSource, count, place));
    }

    @Override
    public RowDifferences differences(int listed, long unseen, ColumnReader columns, List<String> problems) {
        List<Equal> differing = byHash.values().stream()
                .filter(rows -> rows.there != rows.here)
                .sorted(Comparator.comparing(Equal::describe))
                .toList();
        List<Equal> shown = differing.subList(0, Math.min(listed, differing.size()));
        return new RowDifferences(
                shown.stream().map(Equal::describe).toList(),
                differing.size() - shown.size() + unseen,
                sql(true, shown),
                sql(false, shown),
                problems);
    }

    private String sql(boolean ofSource, List<Equal> shown) {
        TableRead side = table.read(ofSource);
        String places = shown.stream()
                .map(rows -> rows.place(ofSource))
                .filter(place -> place != null)
                .map(ContentSql::literal)
                .collect(Collectors.joining(", "));
        if (places.isEmpty()) {
            return "";
        }
        String place = side.whole() ? "tableoid::regclass || ' ' || ctid" : "ctid";
        return "SELECT ctid, * FROM " + KeyedRows.only(side) + side.name().quoted() + " WHERE " + place + " IN ("
                + places + ");";
    }
}
