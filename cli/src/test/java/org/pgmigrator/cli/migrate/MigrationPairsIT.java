package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgmigrator.core.copy.ClientTools;
import org.pgmigrator.sandbox.compare.ComparisonResult;
import org.pgmigrator.sandbox.compare.SequenceRule;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.Servers;
import org.pgmigrator.sandbox.workload.Shop;
import org.pgmigrator.sandbox.workload.Workload;
import org.pgmigrator.sandbox.workload.WorkloadOptions;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// The whole migration of a database that is written to, between every pair of majors that the clients here can serve.
class MigrationPairsIT {

    private static final Workload SHOP = Shop.ofSize(200).withTableWithoutIdentity();

    /// Far below what a server can take, so that a busy machine keeps up.
    private static final int TRANSACTIONS_PER_SECOND = 150;

    @ParameterizedTest(name = "{0} to {1}")
    @CsvSource({"14, 15", "15, 15", "15, 16", "15, 17", "15, 18", "16, 17", "17, 17", "17, 18", "18, 18"})
    void aDatabaseMovesWhileItIsWrittenTo(int sourceMajor, int targetMajor) throws Exception {
        requireClient(sourceMajor, targetMajor);
        try (PostgresServer source = Servers.start(sourceMajor);
                PostgresServer target = Servers.start(targetMajor)) {
            DatabasePair databases = DatabasePair.create(source, target, "shop");
            SHOP.prepare(databases.sourceSessions());
            Traces before = Traces.ofSource(databases);

            migrate(databases);

            ComparisonResult comparison = databases.compare(SequenceRule.EQUAL);
            assertThat(comparison.differences()).as(comparison::toString).isEmpty();
            assertThat(comparison.rowCount()).isGreaterThan(1_000);
            assertThat(comparison.sequenceCount()).isGreaterThan(5);
            assertThat(Traces.ofSource(databases)).as("the source").isEqualTo(before);
            Traces.assertTargetIsCleanAndOpen(databases);
            assertTheApplicationGoesOnAtTheTarget(databases);
        }
    }

    private static void requireClient(int sourceMajor, int targetMajor) throws InterruptedException {
        boolean served = ClientTools.choose(sourceMajor, targetMajor, Optional.empty(), System.getenv())
                instanceof ClientTools.Choice.Chosen;
        if (!served) {
            System.err.println("NOT RUN: a migration from " + sourceMajor + " to " + targetMajor
                    + ", because there is no PostgreSQL client of version " + sourceMajor + " or later");
        }
        assumeTrue(served, "a client for a source of version " + sourceMajor);
    }

    /// The shop is open from before the first check until just before Ctrl+C.
    private static void migrate(DatabasePair databases) throws Exception {
        try (WorkloadRun shop = WorkloadOptions.of(SHOP)
                        .clients(2)
                        .transactionsPerSecond(TRANSACTIONS_PER_SECOND)
                        .start(databases.sourceSessions());
                MigrationRun run = MigrationRun.start(databases, "--without-identity=full")) {
            run.awaitCaughtUp();
            long whenCaughtUp = shop.committed();
            assertThat(shop.awaitCommitted(whenCaughtUp + 2 * TRANSACTIONS_PER_SECOND, MigrationRun.DEADLINE))
                    .as("the shop goes on")
                    .isTrue();
            assertThat(shop.stop().refused())
                    .as("what the source refused its application")
                    .isEmpty();
            run.interrupt().awaitEnd().assertDone();
        }
    }

    /// Sequences that were behind, or a target that is closed, would show as refusals.
    private static void assertTheApplicationGoesOnAtTheTarget(DatabasePair databases)
            throws SQLException, InterruptedException {
        List<String> keysBefore = databases.targetRows("SELECT max(id) FROM shop.customers");
        try (WorkloadRun shop = WorkloadOptions.of(SHOP).clients(2).seed(2).start(databases.targetSessions())) {
            assertThat(shop.awaitCommitted(200, MigrationRun.DEADLINE)).isTrue();
            assertThat(shop.stop().refused()).as("what the target refused").isEmpty();
        }
        assertThat(databases.targetRows("SELECT max(id) FROM shop.customers")).isNotEqualTo(keysBefore);
    }
}
