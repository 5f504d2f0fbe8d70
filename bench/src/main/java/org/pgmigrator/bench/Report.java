package org.pgmigrator.bench;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/// The tables of results, in Markdown.
final class Report {

    private static final String REFERENCE = "builtin";

    private final PrintStream out;

    Report(PrintStream out) {
        this.out = out;
    }

    void line(String format, Object... arguments) {
        out.printf(Locale.ROOT, format + "%n", arguments);
        out.flush();
    }

    /// | workload | contender | s | ... with a line for each contender; the ratio is the reference's median time by
    /// this
    /// one's.
    void backlog(Backlog backlog, Map<String, List<Measurement>> measurements) {
        line("");
        line(
                "| %s | median s | min | max | changes/s | ratio | walsender CPU s | migrator CPU s | target CPU s | bytes/change |",
                backlog.name());
        line("|---|---|---|---|---|---|---|---|---|---|");
        List<Measurement> reference = measurements.get(REFERENCE);
        measurements.forEach((name, runs) -> {
            double seconds = median(runs, Measurement::elapsed);
            line(
                    "| %s | %.2f | %.2f | %.2f | %,.0f | %s | %.2f | %.2f | %.2f | %,.0f |",
                    name,
                    seconds,
                    runs.stream().mapToDouble(Measurement::elapsed).min().orElseThrow(),
                    runs.stream().mapToDouble(Measurement::elapsed).max().orElseThrow(),
                    backlog.changes() / seconds,
                    reference == null
                            ? "-"
                            : String.format(Locale.ROOT, "%.2f", median(reference, Measurement::elapsed) / seconds),
                    median(runs, Measurement::walsenderCpu),
                    median(runs, Measurement::migratorCpu),
                    median(runs, Measurement::targetCpu),
                    median(runs, Measurement::allocated) / backlog.changes());
        });
    }

    void latencies(Map<String, List<Double>> milliseconds) {
        line("");
        line("| latency at 2,000 changes/s | p50 ms | p95 ms | p99 ms | max ms | transactions |");
        line("|---|---|---|---|---|---|");
        milliseconds.forEach((name, all) -> {
            List<Double> sorted = all.stream().sorted().toList();
            line(
                    "| %s | %.1f | %.1f | %.1f | %.1f | %d |",
                    name,
                    percentile(sorted, 50),
                    percentile(sorted, 95),
                    percentile(sorted, 99),
                    sorted.getLast(),
                    sorted.size());
        });
    }

    static double median(List<Measurement> runs, ToDoubleFunction<Measurement> figure) {
        double[] sorted = runs.stream().mapToDouble(figure).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// The smallest figure that so many per cent of all are not above.
    static double percentile(List<Double> sorted, int percent) {
        return sorted.get((int) Math.ceil(sorted.size() * percent / 100.0) - 1);
    }
}
