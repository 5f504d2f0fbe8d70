package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.pgmigrator.cli.migrate.MigrationRun.Ended;
import org.pgmigrator.sandbox.compare.ComparisonResult;
import org.pgmigrator.sandbox.compare.SequenceRule;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.server.Servers;
import org.pgmigrator.sandbox.workload.Shop;
import org.pgmigrator.sandbox.workload.WorkloadOptions;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// `--mode offline`, from a server that cannot replicate.
class OfflineMigrationIT {

    private static final Shop SHOP = Shop.ofSize(200).withTableWithoutIdentity();

    private static PostgresServer source;
    private static PostgresServer target;

    @BeforeAll
    static void start() {
        source = Servers.start(ServerSpec.of(15)
                .setting("wal_level", "replica")
                .setting("max_wal_senders", "0")
                .setting("max_replication_slots", "0"));
        target = Servers.start(17);
    }

    @AfterAll
    static void stop() {
        source.close();
        target.close();
    }

    @Test
    void aDatabaseAtRestMovesWithoutReplication() throws Exception {
        DatabasePair databases = DatabasePair.create(source, target, "at_rest");
        prepareUsedShop(databases);
        Traces before = Traces.ofSource(databases);

        try (MigrationRun run = MigrationRun.start(databases, "--mode=offline")) {
            Ended ended = run.awaitEnd().assertDone();

            assertThat(ended.all("phase").stream().map(line -> line.text("phase")))
                    .containsExactly("Validate", "Dump", "Restore");
            assertThat(ended.all("warning"))
                    .anySatisfy(line -> assertThat(line.text("text")).startsWith("offline:"));
            assertThat(ended.lines().getLast().event()).isEqualTo("complete");
        }

        ComparisonResult comparison = databases.compare(SequenceRule.EQUAL);
        assertThat(comparison.differences()).as(comparison::toString).isEmpty();
        assertThat(comparison.sequenceCount()).isGreaterThan(5);
        assertThat(Traces.ofSource(databases)).isEqualTo(before);
        Traces.assertTargetIsCleanAndOpen(databases);
        assertAnalysed(databases);
    }

    @Test
    void theSequenceBufferAndFiltersHoldOfflineToo() throws Exception {
        DatabasePair databases = DatabasePair.create(source, target, "filtered");
        databases.onSource(
                "CREATE TABLE kept (id serial PRIMARY KEY)",
                "CREATE TABLE skipped (id serial PRIMARY KEY)",
                "INSERT INTO kept SELECT FROM generate_series(1, 5)",
                "INSERT INTO skipped SELECT FROM generate_series(1, 5)");

        try (MigrationRun run =
                MigrationRun.start(databases, "--mode=offline", "--exclude-table=skipped", "--sequence-buffer=100")) {
            run.awaitEnd().assertDone();
        }

        assertThat(databases.targetRows("SELECT relname FROM pg_class WHERE relkind IN ('r', 'S')"
                        + " AND relnamespace = 'public'::regnamespace ORDER BY 1"))
                .containsExactly("kept", "kept_id_seq");
        assertThat(databases.targetValue("INSERT INTO kept DEFAULT VALUES RETURNING id"))
                .isEqualTo("106");
    }

    private static void prepareUsedShop(DatabasePair databases) throws Exception {
        SHOP.prepare(databases.sourceSessions());
        try (WorkloadRun shop = WorkloadOptions.of(SHOP).clients(2).start(databases.sourceSessions())) {
            assertThat(shop.awaitCommitted(300, MigrationRun.DEADLINE)).isTrue();
        }
    }

    private static void assertAnalysed(DatabasePair databases) throws Exception {
        List<String> withoutStatistics = databases.targetRows("SELECT oid::regclass FROM pg_class WHERE relkind = 'r'"
                + " AND relnamespace = 'shop'::regnamespace AND reltuples < 0");
        assertThat(withoutStatistics).as("tables that were not analysed").isEmpty();
        assertThat(databases.targetValue(
                        "SELECT count(DISTINCT tablename) > 5 FROM pg_stats WHERE schemaname = 'shop'"))
                .isEqualTo("t");
    }
}
