package org.pgmigrator.sandbox.compare;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.pgmigrator.sandbox.server.ConnectionSource;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Compares the content of two databases, also of different majors: each row of each ordinary table and leaf partition,
/// in any order and with duplicates counted, by its text form with pinned settings.
///
/// Each side is read in one snapshot, so both must be at rest to be equal. Temporary tables and the schemas `pg_*`,
/// `information_schema` and `pgmigrator` are left out.
///
/// @param sequenceRule when two sequences count as the same
/// @param tables which tables to look at, by qualified and quoted name; a table that is left out may be on one side
/// only
/// @param sampleLimit how many differing rows to show of each table
public record DatabaseComparison(SequenceRule sequenceRule, Predicate<String> tables, int sampleLimit) {

    /// Enough to see a pattern.
    private static final int DEFAULT_SAMPLE_LIMIT = 5;

    /// All tables, and sequences that must be equal.
    public DatabaseComparison() {
        this(SequenceRule.EQUAL, name -> true, DEFAULT_SAMPLE_LIMIT);
    }

    public DatabaseComparison sequences(SequenceRule rule) {
        return new DatabaseComparison(rule, tables, sampleLimit);
    }

    public DatabaseComparison onlyTables(Predicate<String> qualifiedNames) {
        return new DatabaseComparison(sequenceRule, qualifiedNames, sampleLimit);
    }

    /// Compares two databases of the same name, all tables, and sequences for equality.
    public static ComparisonResult compare(PostgresServer left, PostgresServer right, String database)
            throws SQLException {
        return new DatabaseComparison().compare(() -> left.connect(database), () -> right.connect(database));
    }

    public ComparisonResult compare(ConnectionSource leftSource, ConnectionSource rightSource) throws SQLException {
        try (ComparedDatabase left = new ComparedDatabase(leftSource);
                ComparedDatabase right = new ComparedDatabase(rightSource)) {
            List<Difference> differences = new ArrayList<>();
            ComparisonResult tableResult = compareTables(left, right, differences);
            int sequenceCount = sequenceRule == SequenceRule.IGNORED ? 0 : compareSequences(left, right, differences);
            return new ComparisonResult(tableResult.tableCount(), tableResult.rowCount(), sequenceCount, differences);
        }
    }

    private ComparisonResult compareTables(ComparedDatabase left, ComparedDatabase right, List<Difference> differences)
            throws SQLException {
        Map<String, TableShape> leftTables = left.tables();
        Map<String, TableShape> rightTables = right.tables();
        leftTables.keySet().removeIf(tables.negate());
        rightTables.keySet().removeIf(tables.negate());
        differences.addAll(onOneSide("table", leftTables.keySet(), rightTables.keySet()));
        leftTables.keySet().retainAll(rightTables.keySet());
        long rowCount = 0;
        for (TableShape leftTable : leftTables.values()) {
            TableShape rightTable = rightTables.get(leftTable.name());
            if (rightTable == null || !Set.copyOf(leftTable.columns()).equals(Set.copyOf(rightTable.columns()))) {
                differences.add(Difference.of(
                        leftTable.name(),
                        "columns differ: left " + leftTable.columns() + ", right "
                                + (rightTable == null ? "none" : rightTable.columns())));
                continue;
            }
            List<String> columns = leftTable.columns();
            Content leftContent = left.content(leftTable, columns);
            Content rightContent = right.content(rightTable, columns);
            rowCount += leftContent.rowCount();
            if (!leftContent.equals(rightContent)) {
                differences.add(new Difference(
                        leftTable.name(),
                        "rows differ: left has " + leftContent.rowCount() + ", right has " + rightContent.rowCount(),
                        new RowDifferences(left, right, sampleLimit).find(leftTable, columns, leftContent.rowCount())));
            }
        }
        return new ComparisonResult(leftTables.size(), rowCount, 0, List.of());
    }

    private int compareSequences(ComparedDatabase left, ComparedDatabase right, List<Difference> differences)
            throws SQLException {
        Map<String, SequenceState> leftSequences = left.sequences();
        Map<String, SequenceState> rightSequences = right.sequences();
        differences.addAll(onOneSide("sequence", leftSequences.keySet(), rightSequences.keySet()));
        leftSequences.keySet().retainAll(rightSequences.keySet());
        leftSequences.forEach((name, leftSequence) -> {
            SequenceState rightSequence = rightSequences.get(name);
            if (rightSequence != null && !rightSequence.satisfies(sequenceRule, leftSequence)) {
                differences.add(Difference.of(
                        name,
                        "sequence differs: left " + leftSequence.describe() + "; right " + rightSequence.describe()));
            }
        });
        return leftSequences.size();
    }

    private static List<Difference> onOneSide(String kind, Set<String> left, Set<String> right) {
        List<Difference> differences = new ArrayList<>();
        Set<String> all = new TreeSet<>(left);
        all.addAll(right);
        for (String name : all) {
            if (!right.contains(name)) {
                differences.add(Difference.of(name, kind + " is on the left side only"));
            } else if (!left.contains(name)) {
                differences.add(Difference.of(name, kind + " is on the right side only"));
            }
        }
        return differences;
    }
}
