package org.pgmigrator.core.apply.differential;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.server.Servers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Random workloads through every mode of the applier, each compared with the source. `bench/differential` runs many.
///
/// | property | meaning |
/// |---|---|
/// | `differential.seeds` | how many seeds, one after the other; by default a few, and one that nobody has seen before
/// |
/// | `differential.first` | the first of them |
/// | `differential.shapes` | names of shapes in place of random ones, to narrow a failure down |
/// | `differential.majors` | source and target, `17:18` |
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DifferentialIT {

    private static final Logger log = LoggerFactory.getLogger(DifferentialIT.class);

    /// What two cores do in half a minute.
    private static final int DEFAULT_SEEDS = 8;

    private static final String MAJORS = System.getProperty("differential.majors", "17:18");

    private final PostgresServer source = server(MAJORS.substring(0, MAJORS.indexOf(':')));
    private final PostgresServer target = server(MAJORS.substring(MAJORS.indexOf(':') + 1));

    private static PostgresServer server(String major) {
        return Servers.start(ServerSpec.of(Integer.parseInt(major))
                .setting("max_replication_slots", "30")
                .setting("max_wal_senders", "30")
                // What it moves when is nothing that a seed could repeat.
                .setting("autovacuum", "off"));
    }

    @BeforeAll
    void name() {
        log.info("differential test source={} target={}", source, target);
    }

    @AfterAll
    void stopServers() {
        source.close();
        target.close();
    }

    static LongStream seeds() {
        Integer count = Integer.getInteger("differential.seeds");
        long first = Long.getLong("differential.first", 1);
        return count == null
                ? LongStream.concat(
                        LongStream.range(first, first + DEFAULT_SEEDS),
                        LongStream.of(ThreadLocalRandom.current().nextLong(1_000_000_000)))
                : LongStream.range(first, first + count);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void everyModeEndsWithTheRowsOfTheSource(long seed) throws Exception {
        String only = System.getProperty("differential.shapes", "");
        SeedRun run = new SeedRun(source, target, seed, only.isEmpty() ? Set.of() : Set.of(only.split(",", -1)));
        long began = System.nanoTime();

        SeedRun.Result result = run.run(List.of(Mode.values()));

        log.info(
                "{} statements={} refused={} changes={} fallbacks={} rows={} seconds={} differences={}",
                run,
                result.statements(),
                result.refused(),
                result.changes(),
                result.fallbacks(),
                result.rows(),
                String.format(Locale.ROOT, "%.1f", (System.nanoTime() - began) / 1e9),
                result.differences().size());
        assertThat(result.differences())
                .as("%s\nto repeat it: bench/differential 1 %d\nwhat it ran: core/target/differential/", run, seed)
                .isEmpty();
    }
}
