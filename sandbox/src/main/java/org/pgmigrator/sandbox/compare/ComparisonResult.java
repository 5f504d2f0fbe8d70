package org.pgmigrator.sandbox.compare;

import java.util.List;
import java.util.Locale;

/// What a comparison found.
///
/// @param tableCount tables that exist on both sides and were compared
/// @param rowCount rows of these tables on the left side
/// @param sequenceCount sequences that exist on both sides and were compared
/// @param differences at most one for each table and sequence; empty if both sides are equal
public record ComparisonResult(int tableCount, long rowCount, int sequenceCount, List<Difference> differences) {

    public ComparisonResult {
        differences = List.copyOf(differences);
    }

    public boolean isEqual() {
        return differences.isEmpty();
    }

    /// `0 differences in 12 tables, 345,678 rows, 3 sequences`, and below it one line for each difference and sample.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%,d difference%s in %,d table%s, %,d row%s, %,d sequence%s",
                differences.size(),
                plural(differences.size()),
                tableCount,
                plural(tableCount),
                rowCount,
                plural(rowCount),
                sequenceCount,
                plural(sequenceCount)));
        differences.forEach(difference -> text.append("\n  ").append(difference));
        return text.toString();
    }

    private static String plural(long count) {
        return count == 1 ? "" : "s";
    }
}
