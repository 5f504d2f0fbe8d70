package org.pgmigrator.bench.cutover;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.pgmigrator.bench.BenchException;

/// What the program said of its cutover, with `--json`.
///
/// @param downtime milliseconds
/// @param steps    milliseconds of each step
record Migrated(double downtime, Map<String, Double> steps) {

    private static final Pattern EVENT = Pattern.compile("\"event\":\"([a-z_]+)\"");
    private static final Pattern STEP = Pattern.compile("\"step\":\"([^\"]+)\"");
    private static final Pattern MILLISECONDS = Pattern.compile("\"milliseconds\":([0-9.]+)");
    private static final Pattern DOWNTIME = Pattern.compile("\"write_downtime_ms\":([0-9.]+)");

    /// A whole migration in a process of its own, which cuts over as soon as it has caught up.
    static Migrated run(Path launcher, ManyTables.Databases databases, List<String> options, Duration limit)
            throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("bench-cutover-");
        try {
            List<String> command = new ArrayList<>(List.of(
                    launcher.toString(),
                    "migrate",
                    "--json",
                    "--yes",
                    "--cutover-when=caught-up",
                    "--slot-name=" + databases.name()));
            command.addAll(options);
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectError(folder.resolve("stderr").toFile());
            // By the environment, for they hold passwords.
            builder.environment().put("PG_MIGRATOR_SOURCE", databases.source().uri(databases.name()));
            builder.environment().put("PG_MIGRATOR_TARGET", databases.target().uri(databases.name()));
            Process process = builder.start();
            try {
                return read(process, folder.resolve("stderr"), limit);
            } finally {
                process.destroyForcibly();
            }
        } finally {
            delete(folder);
        }
    }

    private static Migrated read(Process process, Path errors, Duration limit)
            throws IOException, InterruptedException {
        Thread watchdog = Thread.ofPlatform().daemon().start(() -> {
            try {
                if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        List<String> lines = new ArrayList<>();
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            output.lines().forEach(lines::add);
        }
        int exit = process.waitFor();
        watchdog.interrupt();
        if (exit != 0) {
            List<String> told = new ArrayList<>(Files.readAllLines(errors));
            lines.stream().filter(line -> find(EVENT, line).equals("failure")).forEach(told::add);
            throw new BenchException("the migration has ended with " + exit + ": " + String.join("\n", told));
        }
        return parse(lines);
    }

    static Migrated parse(List<String> lines) {
        Map<String, Double> steps = new LinkedHashMap<>();
        double downtime = Double.NaN;
        for (String line : lines) {
            switch (find(EVENT, line)) {
                case "cutover_step" ->
                    steps.merge(find(STEP, line), Double.parseDouble(find(MILLISECONDS, line)), Double::sum);
                case "cutover_complete" -> downtime = number(line);
                default -> {
                    // Of no interest here.
                }
            }
        }
        if (Double.isNaN(downtime)) {
            throw new BenchException("the program has not told a write downtime: is the source locked?");
        }
        return new Migrated(downtime, steps);
    }

    private static double number(String line) {
        String found = find(DOWNTIME, line);
        return found.isEmpty() ? Double.NaN : Double.parseDouble(found);
    }

    private static String find(Pattern pattern, String line) {
        Matcher matcher = pattern.matcher(line);
        return matcher.find() ? matcher.group(1) : "";
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
