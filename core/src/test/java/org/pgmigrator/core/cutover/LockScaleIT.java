package org.pgmigrator.core.cutover;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Lock and fence of very many tables. `-Dpgmigrator.lock.tables=10000` measures another number of them.
@Timeout(600)
class LockScaleIT {

    private static final Logger LOG = LoggerFactory.getLogger(LockScaleIT.class);

    private static final int TABLES = Integer.getInteger("pgmigrator.lock.tables", 1000);

    /// Far above what it takes, and far below what a statement for each table and round trip would.
    private static final Duration LONGEST = Duration.ofMillis(1500 + TABLES);

    @ParameterizedTest
    @ValueSource(ints = {15, 17})
    void manyTablesAreLockedAndClosedInFewRoundTrips(int major) throws Exception {
        try (EmbeddedServer server = EmbeddedServer.start(
                        ServerSpec.of(major).setting("max_locks_per_transaction", Integer.toString(64 + TABLES / 40)));
                SourceScene scene = new SourceScene(server)) {
            for (int from = 0; from < TABLES; from += 500) {
                server.execute(
                        scene.name,
                        "do $$ begin for i in " + from + ".." + (Math.min(from + 500, TABLES) - 1)
                                + " loop execute format('create table t%s (id int primary key)', i); end loop; end $$");
            }
            assertThat(scene.carried()).hasSize(TABLES);
            for (int round = 1; round <= 5; round++) {
                long milliseconds = measure(scene, major, round);
                assertThat(milliseconds).isLessThan(LONGEST.toMillis());
                assertThat(Fence.drop(scene.own(), Duration.ofSeconds(30)).removed())
                        .isTrue();
            }
        }
    }

    private static long measure(SourceScene scene, int major, int round) throws Exception {
        List<CatalogTable> carried = scene.carried();
        try (SourceLock lock = SourceLock.open(scene.source, SourceScene.MIGRATION, SourceLockConfig.DEFAULT)) {
            lock.acquire(carried, false, () -> true, Duration.ofSeconds(20), scene.events::add);
            long locked = System.nanoTime();
            assertThat(Fence.place(lock)).isInstanceOf(Fence.Outcome.Placed.class);
            long fenced = System.nanoTime();
            LOG.info(
                    "lock and fence major={} tables={} round={} lock_ms={} fence_ms={}",
                    major,
                    TABLES,
                    round,
                    Duration.ofNanos(locked - lock.downtimeStartNanos()).toMillis(),
                    Duration.ofNanos(fenced - locked).toMillis());
            return Duration.ofNanos(fenced - lock.downtimeStartNanos()).toMillis();
        }
    }
}
