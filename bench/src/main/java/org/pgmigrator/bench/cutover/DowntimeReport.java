package org.pgmigrator.bench.cutover;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/// What is printed: a line for each round, and in the end a table in Markdown.
final class DowntimeReport {

    private final PrintStream out;
    private final Map<Integer, List<Downtime>> sizes = new LinkedHashMap<>();

    DowntimeReport(PrintStream out) {
        this.out = out;
    }

    void line(String format, Object... arguments) {
        out.printf(Locale.ROOT, format + "%n", arguments);
        out.flush();
    }

    /// 1000 tables round 1: 412 ms reported, 430 ms seen (lock 21, drain 80, ...)
    void round(int tables, int round, Downtime downtime) {
        line(
                "%d tables round %d: %.0f ms reported, %.0f ms seen (%s)",
                tables,
                round,
                downtime.reported(),
                downtime.observed(),
                downtime.steps().entrySet().stream()
                        .map(step -> String.format(Locale.ROOT, "%s %.0f", step.getKey(), step.getValue()))
                        .collect(Collectors.joining(", ")));
    }

    void size(int tables, List<Downtime> downtimes) {
        sizes.put(tables, downtimes);
    }

    /// | tables and sequences | reported median ms | min | max | seen median ms | min | max | the steps' medians |
    void table() {
        line("");
        line(
                "| tables and sequences | reported, median ms | min | max | seen, median ms | min | max | steps, median ms |");
        line("|---|---|---|---|---|---|---|---|");
        sizes.forEach((tables, downtimes) -> line(
                "| %,d | %s | %s | %s |",
                tables,
                figures(downtimes, Downtime::reported),
                figures(downtimes, Downtime::observed),
                steps(downtimes)));
    }

    private static String figures(List<Downtime> downtimes, ToDoubleFunction<Downtime> figure) {
        double[] sorted = downtimes.stream().mapToDouble(figure).sorted().toArray();
        return String.format(
                Locale.ROOT, "%,.0f | %,.0f | %,.0f", median(sorted), sorted[0], sorted[sorted.length - 1]);
    }

    private static String steps(List<Downtime> downtimes) {
        Map<String, List<Double>> milliseconds = new LinkedHashMap<>();
        downtimes.forEach(downtime -> downtime.steps()
                .forEach((step, time) -> milliseconds
                        .computeIfAbsent(step, name -> new ArrayList<>())
                        .add(time)));
        return milliseconds.keySet().stream()
                .map(step -> String.format(
                        Locale.ROOT,
                        "%s %,.0f",
                        step,
                        median(Objects.requireNonNull(milliseconds.get(step)).stream()
                                .mapToDouble(Double::doubleValue)
                                .sorted()
                                .toArray())))
                .collect(Collectors.joining(", "));
    }

    static double median(double[] sorted) {
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
