package org.pgmigrator.bench.faults;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.workload.Turmoil;
import org.pgmigrator.sandbox.workload.WorkloadRun;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `bench/faults`: migrations under load of which everything is broken, each followed by the comparison of every row.
@Command(
        name = "bench/faults",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Breaks migrations under load, again and again: kills the program in every phase, crashes and "
                + "restarts both servers, cuts and silences connections, ends sessions, stops the process for seconds. "
                + "Each migration ends with its cutover, and then every row of both databases is compared, duplicates "
                + "counted, and nothing of it may be left.",
        footer = {
            "",
            "Linux only. Starts two servers of its own, and needs pg_dump of the source's version or a later one. Exits with 1 at the"
                    + " first difference, and then keeps the program's log; the same --seed breaks the same things in the"
                    + " same order."
        })
public final class FaultSuite implements Callable<Integer> {

    @Option(names = "--migrator", required = true, hidden = true, description = "The launcher.")
    private Path migrator = Path.of("pg-migrator");

    @Option(names = "--seed", description = "What decides the order. Default: the time.")
    private long seed = Instant.now().getEpochSecond();

    @Option(
            names = "--minutes",
            defaultValue = "30",
            description = "After this no more is broken. Default: ${DEFAULT-VALUE}.")
    private int minutes;

    @Option(
            names = "--strikes",
            split = ",",
            paramLabel = "<what>=<count>",
            description =
                    "What is broken how often: kill, source-crash, source-restart, target-crash, target-restart, target-disk-full, cut, "
                            + "black-hole, end-session, freeze, slow, idle. Default: kill=20, idle=2, the others 5.")
    private Map<String, Integer> strikes = Map.of();

    @Option(
            names = "--strikes-per-migration",
            defaultValue = "25",
            description = "The most of one migration. Default: ${DEFAULT-VALUE}.")
    private int perMigration;

    @Option(names = "--source-major", defaultValue = "15", description = "Default: ${DEFAULT-VALUE}.")
    private int sourceMajor;

    @Option(names = "--target-major", defaultValue = "17", description = "Default: ${DEFAULT-VALUE}.")
    private int targetMajor;

    @Option(names = "--clients", defaultValue = "4", description = "Of the application. Default: ${DEFAULT-VALUE}.")
    private int clients;

    @Option(
            names = "--rate",
            defaultValue = "150",
            description = "The application's transactions a second. Default: ${DEFAULT-VALUE}.")
    private double rate;

    @Option(
            names = "--ballast",
            defaultValue = "64",
            description = "Megabytes that nobody writes to: they make the copy last. Default: ${DEFAULT-VALUE}.")
    private int ballast;

    @Option(names = "--spool", description = "Migrates with a spool.")
    private boolean spool;

    @Option(
            names = "--option",
            paramLabel = "<option>",
            description = "Handed on to migrate, for example --option=--apply-lanes=3; may be repeated.")
    private List<String> options = List.of();

    @Spec
    private CommandSpec specification = CommandSpec.create();

    private final PrintStream out;

    FaultSuite(PrintStream out) {
        this.out = out;
    }

    public static void main(String[] arguments) {
        System.exit(execute(new PrintStream(System.out, true, StandardCharsets.UTF_8), arguments));
    }

    static int execute(PrintStream out, String... arguments) {
        return new CommandLine(new FaultSuite(out)).execute(arguments);
    }

    @Override
    public Integer call() throws SQLException, IOException, InterruptedException {
        Map<Fault, Integer> counts = counts();
        Optional<String> noDisk = EmbeddedServer.diskObstacle();
        if (noDisk.isPresent() && counts.getOrDefault(Fault.TARGET_DISK_FULL, 0) > 0) {
            out.println(
                    "NOT RUN: " + Fault.TARGET_DISK_FULL.title() + ", no disk can be mounted here: " + noDisk.get());
            counts.put(Fault.TARGET_DISK_FULL, 0);
        }
        Plan plan = new Plan(seed, counts);
        Tallies tallies = new Tallies();
        Path folder = Files.createTempDirectory("bench-faults-");
        out.println("seed " + seed + ", " + plan.size() + " strikes planned, " + sourceMajor + " to " + targetMajor
                + (spool ? ", with a spool" : "") + (options.isEmpty() ? "" : ", " + options));
        long until = System.nanoTime() + Duration.ofMinutes(minutes).toNanos();
        try (Scene scene = Scene.start(sourceMajor, targetMajor, noDisk.isEmpty())) {
            int number = 0;
            do {
                migration(scene, folder, plan, tallies, ++number, until);
            } while (!plan.isDone() && System.nanoTime() < until);
        } catch (SQLException | RuntimeException failed) {
            out.println(tallies);
            out.println("FAILED, seed " + seed + ", logs in " + folder + ": " + failed.getMessage());
            return 1;
        }
        delete(folder);
        out.println(tallies);
        out.println("seed " + seed + ", " + plan.done() + " strikes, 0 differences");
        return 0;
    }

    private void migration(Scene scene, Path folder, Plan plan, Tallies tallies, int number, long until)
            throws SQLException, InterruptedException, IOException {
        String database = "move" + number;
        Path own = Files.createDirectory(folder.resolve(database));
        List<String> all = new ArrayList<>(options);
        if (spool) {
            all.add("--spool-dir=" + own.resolve("spool"));
        }
        Turmoil application = new Turmoil(2_000, ballast);
        scene.create(database, application);
        out.println("-- migration " + number);
        try (WorkloadRun writing = scene.write(database, application, clients, rate, seed + number);
                Round round = new Round(scene, migrator, own, database, all, application, plan, tallies, out)) {
            round.run(perMigration, until, writing);
        }
        scene.drop(database);
    }

    private Map<Fault, Integer> counts() {
        Map<Fault, Integer> counts = new EnumMap<>(Fault.class);
        for (Fault fault : Fault.values()) {
            int usual = switch (fault) {
                case KILL -> 20;
                case IDLE -> 2;
                default -> 5;
            };
            counts.put(fault, strikes.isEmpty() ? usual : strikes.getOrDefault(fault.title(), 0));
        }
        strikes.keySet().stream()
                .filter(name -> counts.keySet().stream()
                        .noneMatch(fault -> fault.title().equals(name)))
                .findAny()
                .ifPresent(unknown -> {
                    throw new CommandLine.ParameterException(
                            specification.commandLine(), "there is nothing named " + unknown + " to be broken");
                });
        return counts;
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
