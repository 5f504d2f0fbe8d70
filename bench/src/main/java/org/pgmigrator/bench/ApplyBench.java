package org.pgmigrator.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `bench/apply`: all contenders on the same backlogs, taking turns.
@Command(
        name = "bench/apply",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Measures how fast changes reach a target, against PostgreSQL's own apply worker: every contender on "
                        + "the same backlog, taking turns, each with its own slot and its own copy of the target. Every result is "
                        + "compared with the source.",
        footer = {
            "",
            "Starts two servers of its own and needs about 10 GB of temporary space. Use a machine that does nothing else."
        })
public final class ApplyBench implements Callable<Integer> {

    @Option(
            names = "--workloads",
            split = ",",
            paramLabel = "<name>",
            description = "tpcb, inserts, updates, huge, mixed. Default: all.")
    private List<String> workloads = Backlog.NAMES;

    @Option(
            names = "--contenders",
            split = ",",
            paramLabel = "<name>",
            description =
                    "builtin, builtin-binary, strict, windows, windows-binary, windows-1gb, windows-2. Default: all.")
    private List<String> contenders = Contender.NAMES;

    @Option(names = "--runs", defaultValue = "5", description = "Runs of each contender. Default: ${DEFAULT-VALUE}.")
    private int runs;

    @Option(
            names = "--scale",
            defaultValue = "1",
            description = "Fraction of each backlog, for a quick look. Default: ${DEFAULT-VALUE}.")
    private double scale;

    @Option(names = "--source-major", defaultValue = "17", description = "Default: ${DEFAULT-VALUE}.")
    private int sourceMajor;

    @Option(names = "--target-major", defaultValue = "18", description = "Default: ${DEFAULT-VALUE}.")
    private int targetMajor;

    @Option(
            names = "--heap",
            defaultValue = "512m",
            description = "Heap of pg-migrator's process, as for -Xmx. Default: ${DEFAULT-VALUE}, as the launcher's.")
    private String heap = "";

    @Option(names = "--no-fsync", description = "Servers that do not wait for the disk.")
    private boolean noFsync;

    @Option(
            names = "--latency",
            description = "Instead of backlogs: from commit on the source to visible on the target at 2,000 changes/s.")
    private boolean latency;

    @Option(
            names = "--latency-seconds",
            defaultValue = "20",
            description = "Length of each of these runs, after a warm-up of 5 s. Default: ${DEFAULT-VALUE}.")
    private int latencySeconds;

    @Option(
            names = "--limit-seconds",
            defaultValue = "600",
            description = "The longest that one run may take. Default: ${DEFAULT-VALUE}.")
    private int limitSeconds;

    private final Report report;

    ApplyBench(PrintStream out) {
        this.report = new Report(out);
    }

    public static void main(String[] arguments) {
        System.exit(execute(new PrintStream(System.out, true, StandardCharsets.UTF_8), arguments));
    }

    static int execute(PrintStream out, String... arguments) {
        return new CommandLine(new ApplyBench(out))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(arguments);
    }

    @Override
    public Integer call() throws SQLException, IOException, InterruptedException {
        List<Contender> chosen =
                contenders.stream().map(name -> Contender.of(name, heap)).toList();
        List<Backlog> backlogs =
                workloads.stream().map(name -> Backlog.of(name, scale)).toList();
        try (Arena arena = Arena.open(sourceMajor, targetMajor, !noFsync, Duration.ofSeconds(limitSeconds))) {
            report.line("%s, scale %s, %d runs, -Xmx%s", arena.describe(), scale, runs, heap);
            if (latency) {
                measureLatency(arena, chosen);
            } else {
                for (Backlog backlog : backlogs) {
                    measure(arena, backlog, chosen);
                }
            }
        }
        return 0;
    }

    private void measure(Arena arena, Backlog backlog, List<Contender> chosen)
            throws SQLException, IOException, InterruptedException {
        ContentHash expected = arena.write(backlog);
        Map<String, List<Measurement>> measurements = new LinkedHashMap<>();
        chosen.forEach(contender -> measurements.put(contender.name(), new ArrayList<>()));
        for (int run = 0; run < runs; run++) {
            for (Contender contender : chosen) {
                Measurement measurement = arena.measure(contender, expected);
                Objects.requireNonNull(measurements.get(contender.name())).add(measurement);
                report.line("%s run %d %s: %.2f s", backlog.name(), run + 1, contender.name(), measurement.elapsed());
            }
        }
        report.backlog(backlog, measurements);
        arena.clear();
    }

    private void measureLatency(Arena arena, List<Contender> chosen)
            throws SQLException, IOException, InterruptedException {
        Map<String, List<Double>> milliseconds = new LinkedHashMap<>();
        for (int run = 0; run < runs; run++) {
            for (Contender contender : chosen) {
                arena.begin(Backlog.live());
                List<Double> measured = Latency.measure(arena, contender, Duration.ofSeconds(latencySeconds));
                milliseconds
                        .computeIfAbsent(contender.name(), name -> new ArrayList<>())
                        .addAll(measured);
                arena.clear();
            }
        }
        report.latencies(milliseconds);
    }
}
