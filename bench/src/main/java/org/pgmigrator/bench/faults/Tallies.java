package org.pgmigrator.bench.faults;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// What was broken so far, by phase, and how it was survived. Confined to one thread.
final class Tallies {

    private final Map<Fault, Map<String, Integer>> byPhase = new EnumMap<>(Fault.class);
    private final Map<Fault, Integer> resumed = new EnumMap<>(Fault.class);
    private int migrations;
    private long rows;
    private long transactions;

    void count(Fault fault, String phase) {
        byPhase.computeIfAbsent(fault, any -> new TreeMap<>()).merge(phase, 1, Integer::sum);
    }

    /// A strike that has ended the program.
    void countResumed(Fault fault) {
        resumed.merge(fault, 1, Integer::sum);
    }

    void countMigration(long comparedRows, long committed) {
        migrations++;
        rows += comparedRows;
        transactions += committed;
    }

    @Override
    public String toString() {
        StringBuilder text =
                new StringBuilder("| what | how often | by phase | ended the program |\n|---|---|---|---|\n");
        byPhase.forEach((fault, phases) -> text.append(String.format(
                Locale.ROOT,
                "| %s | %d | %s | %d |%n",
                fault.title(),
                phases.values().stream().mapToInt(Integer::intValue).sum(),
                phases,
                resumed.getOrDefault(fault, 0))));
        return text.append(String.format(
                        Locale.ROOT,
                        "%d migrations, %,d transactions of the application meanwhile, %,d rows compared",
                        migrations,
                        transactions,
                        rows))
                .toString();
    }
}
