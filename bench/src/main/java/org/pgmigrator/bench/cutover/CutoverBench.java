package org.pgmigrator.bench.cutover;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `bench/cutover`: the write downtime of whole migrations, by the program's own account and by a client's.
@Command(
        name = "bench/cutover",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Measures for how long a cutover keeps writes away, with many tables and as many sequences and no "
                        + "backlog: what the program reports, and what a client sees that writes to one of the tables every "
                        + "millisecond, first on the source and then, as soon as it is open, on the target. Every row that the "
                        + "client was told to be committed must be on the target.",
        footer = {
            "",
            "Starts two servers of its own, and needs pg_dump of the source's version or a later one. Each round is a whole migration of new databases: 10,000 tables take some "
                    + "minutes. Use a machine that does nothing else."
        })
public final class CutoverBench implements Callable<Integer> {

    @Option(names = "--migrator", required = true, hidden = true, description = "The launcher.")
    private Path migrator = Path.of("pg-migrator");

    @Option(
            names = "--sizes",
            split = ",",
            paramLabel = "<tables>",
            defaultValue = "10,100,1000,10000",
            description = "How many tables, each with a sequence. Default: ${DEFAULT-VALUE}.")
    private List<Integer> sizes = List.of();

    @Option(names = "--rounds", defaultValue = "5", description = "Migrations of each size. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(names = "--source-major", defaultValue = "15", description = "Default: ${DEFAULT-VALUE}.")
    private int sourceMajor;

    @Option(names = "--target-major", defaultValue = "17", description = "Default: ${DEFAULT-VALUE}.")
    private int targetMajor;

    @Option(names = "--no-fsync", description = "Servers that do not wait for the disk.")
    private boolean noFsync;

    @Option(
            names = "--limit-seconds",
            defaultValue = "1800",
            description = "The longest that one round may take. Default: ${DEFAULT-VALUE}.")
    private int limitSeconds;

    @Option(
            names = "--option",
            paramLabel = "<option>",
            description = "Handed on to migrate, for example --option=--verify=none; may be repeated.")
    private List<String> options = List.of();

    private final DowntimeReport report;

    CutoverBench(PrintStream out) {
        this.report = new DowntimeReport(out);
    }

    public static void main(String[] arguments) {
        System.exit(execute(new PrintStream(System.out, true, StandardCharsets.UTF_8), arguments));
    }

    static int execute(PrintStream out, String... arguments) {
        return new CommandLine(new CutoverBench(out)).execute(arguments);
    }

    @Override
    public Integer call() throws SQLException, IOException, InterruptedException {
        int most = sizes.stream().mapToInt(Integer::intValue).max().orElse(1);
        try (ManyTables tables = ManyTables.start(sourceMajor, targetMajor, !noFsync, most)) {
            report.line("%s, %d rounds", tables.describe(), rounds);
            for (int size : sizes) {
                tables.fill(size);
                List<Downtime> downtimes = new ArrayList<>();
                for (int round = 1; round <= rounds; round++) {
                    Downtime downtime = round(tables, round);
                    downtimes.add(downtime);
                    report.round(size, round, downtime);
                }
                report.size(size, downtimes);
            }
            report.table();
        }
        return 0;
    }

    private Downtime round(ManyTables tables, int round) throws SQLException, IOException, InterruptedException {
        ManyTables.Databases databases = tables.databases(round);
        try (MillisecondClient client = MillisecondClient.start(databases)) {
            Migrated migrated = Migrated.run(migrator, databases, options, Duration.ofSeconds(limitSeconds));
            Downtime downtime = client.awaitTarget().with(migrated);
            client.requireAllOnTarget();
            return downtime;
        } finally {
            databases.drop();
        }
    }
}
