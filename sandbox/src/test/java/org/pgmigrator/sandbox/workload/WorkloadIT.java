package org.pgmigrator.sandbox.workload;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.pgmigrator.sandbox.compare.DatabaseComparison;
import org.pgmigrator.sandbox.server.ConnectionSource;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.server.StopMode;

class WorkloadIT {

    private static final Duration DEADLINE = Duration.ofSeconds(30);

    private static EmbeddedServer server;

    @BeforeAll
    static void start() {
        server = EmbeddedServer.start(ServerSpec.of(14));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void emptyDatabase() throws SQLException {
        server.execute("postgres", "DROP DATABASE IF EXISTS app WITH (FORCE)", "CREATE DATABASE app");
    }

    private static Connection app() throws SQLException {
        return server.connect("app");
    }

    @Test
    void everyCommittedTpcBTransactionIsInTheHistory() throws Exception {
        TpcB workload = TpcB.ofScale(1);
        workload.prepare(WorkloadIT::app);
        WorkloadTotals totals;
        try (WorkloadRun run = WorkloadOptions.of(workload).start(WorkloadIT::app)) {
            assertThat(run.awaitCommitted(200, DEADLINE)).isTrue();
            totals = run.stop();
        }
        assertThat(totals.refused()).isEmpty();
        assertThat(server.value("app", "SELECT count(*), sum(delta) FROM pgbench_history"))
                .isEqualTo(
                        totals.committed() + "|" + server.value("app", "SELECT sum(abalance) FROM pgbench_accounts"));
        assertThat(server.value("app", "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"))
                .as("no client is left")
                .isEqualTo("1");
    }

    @Test
    void historyLacksAKeyOnlyWhenAskedFor() throws SQLException {
        String query = "SELECT count(*) FROM pg_index WHERE indrelid = 'pgbench_history'::regclass";
        TpcB.ofScale(1).prepare(WorkloadIT::app);
        assertThat(server.value("app", query)).isEqualTo("1");
        emptyDatabase();
        TpcB.ofScale(1).withoutHistoryKey().prepare(WorkloadIT::app);
        assertThat(server.value("app", query)).isEqualTo("0");
    }

    @ParameterizedTest
    @EnumSource
    void everyOperationOfTheShopRuns(ShopOperation operation) throws SQLException {
        Shop.ofSize(40).prepare(WorkloadIT::app);
        String writes = "SELECT pg_current_wal_insert_lsn()";
        String before = server.value("app", writes);
        try (Connection connection = app()) {
            connection.setAutoCommit(false);
            for (int seed = 0; seed < 30; seed++) {
                boolean commit = operation.run(new ShopSession(connection, new SplittableRandom(seed)));
                assertThat(commit).isEqualTo(operation != ShopOperation.ROLL_BACK);
                connection.commit();
            }
        }
        assertThat(server.value("app", writes)).isNotEqualTo(before);
        assertThat(server.value(
                        "app", "SELECT count(*) FROM shop.\"Audit \"\"Trail\"\"\" WHERE \"What?\" LIKE 'undone%'"))
                .isEqualTo("0");
    }

    @Test
    void shopRunsWithManyClientsAndNothingIsRefused() throws Exception {
        Shop workload = Shop.ofSize(100).withTableWithoutIdentity();
        workload.prepare(WorkloadIT::app);
        WorkloadTotals totals;
        try (WorkloadRun run = WorkloadOptions.of(workload).clients(6).seed(7).start(WorkloadIT::app)) {
            assertThat(run.awaitCommitted(1_000, DEADLINE)).isTrue();
            totals = run.stop();
        }

        assertThat(totals.refused()).as(totals.toString()).isEmpty();
        assertThat(totals.rolledBack()).isPositive();
        assertThat(DatabaseComparison.compare(server, server, "app").isEqual()).isTrue();
        assertThat(server.value("app", "SELECT is_called FROM shop.\"Never called\""))
                .isEqualTo("f");
        assertThat(server.rows("app", """
                SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                WHERE nspname = 'shop' AND relkind = 'r' AND relreplident <> 'f' AND NOT EXISTS (
                    SELECT FROM pg_index i WHERE indrelid = c.oid AND (indisprimary OR indisreplident))""")).containsExactly("readings");
    }

    @Test
    void clientsThatSwapTheSameLinesRefuseNobody() throws Exception {
        Shop.ofSize(10).prepare(WorkloadIT::app);
        Workload swaps = new Workload() {
            @Override
            public void prepare(ConnectionSource database) {}

            @Override
            public boolean transaction(Connection connection, RandomGenerator random) throws SQLException {
                return ShopOperation.RENUMBER_LINES.run(new ShopSession(connection, random));
            }
        };
        try (WorkloadRun run = WorkloadOptions.of(swaps).clients(6).seed(7).start(WorkloadIT::app)) {
            assertThat(run.awaitCommitted(1_000, DEADLINE)).isTrue();
            WorkloadTotals totals = run.stop();
            assertThat(totals.refused()).as(totals.toString()).isEmpty();
        }
    }

    @Test
    void anOrderOfACustomerWhoIsNotThereYetIsNotPlaced() throws SQLException {
        Shop.ofSize(10).prepare(WorkloadIT::app);
        server.execute(
                "app",
                "SELECT setval(pg_get_serial_sequence('shop.customers', 'id'), 1000000)",
                "INSERT INTO shop.customers (email) VALUES ('far')");
        try (Connection connection = app()) {
            connection.setAutoCommit(false);
            for (int seed = 0; seed < 100; seed++) {
                ShopOperation.PLACE_ORDER.run(new ShopSession(connection, new SplittableRandom(seed)));
                connection.commit();
            }
        }
    }

    @Test
    void rateIsBounded() throws Exception {
        TpcB workload = TpcB.ofScale(1);
        workload.prepare(WorkloadIT::app);
        try (WorkloadRun run = WorkloadOptions.of(workload)
                .clients(2)
                .transactionsPerSecond(50)
                .start(WorkloadIT::app)) {
            assertThat(run.awaitCommitted(50, DEADLINE)).isTrue();
            assertThat(run.stop().elapsed()).isGreaterThan(Duration.ofMillis(900));
        }
    }

    @Test
    void refusedWritesAreReportedAndTriedAgain() throws Exception {
        TpcB workload = TpcB.ofScale(1);
        workload.prepare(WorkloadIT::app);
        try (WorkloadRun run = WorkloadOptions.of(workload).clients(2).start(WorkloadIT::app)) {
            assertThat(run.awaitCommitted(20, DEADLINE)).isTrue();
            server.execute(
                    "app",
                    "ALTER DATABASE app SET default_transaction_read_only = on",
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'app' AND pid <> pg_backend_pid()");
            await(() -> run.totals().refused().containsKey("25006"));
            server.execute("app", "SET default_transaction_read_only = off", "SELECT 1");
            server.execute("postgres", "ALTER DATABASE app RESET default_transaction_read_only");
            server.execute("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'app'");
            assertThat(run.awaitCommitted(run.committed() + 20, DEADLINE)).isTrue();
            WorkloadTotals totals = run.stop();
            assertThat(totals.firstRefusal()).isPresent();
            assertThat(totals.toString()).contains("25006");
        }
    }

    @Test
    void committedRowsAreCountedRightOverACrash() throws Exception {
        TpcB workload = TpcB.ofScale(1);
        workload.prepare(WorkloadIT::app);
        try (WorkloadRun run = WorkloadOptions.of(workload).clients(2).start(WorkloadIT::app)) {
            assertThat(run.awaitCommitted(50, DEADLINE)).isTrue();
            server.restart(StopMode.IMMEDIATE);
            assertThat(run.awaitCommitted(run.committed() + 50, DEADLINE)).isTrue();
            WorkloadTotals totals = run.stop();
            long history = Long.parseLong(server.value("app", "SELECT count(*) FROM pgbench_history"));
            assertThat(history).isBetween(totals.committed(), totals.committed() + totals.unknown());
        }
    }

    @Test
    void clientsMoveToAnotherDatabase() throws Exception {
        TpcB workload = TpcB.ofScale(1);
        workload.prepare(WorkloadIT::app);
        server.execute("postgres", "DROP DATABASE IF EXISTS other", "CREATE DATABASE other TEMPLATE app");
        try (WorkloadRun run = WorkloadOptions.of(workload).clients(2).start(WorkloadIT::app)) {
            assertThat(run.awaitCommitted(20, DEADLINE)).isTrue();
            run.moveTo(() -> server.connect("other"));
            await(() -> !server.value("other", "SELECT count(*) FROM pgbench_history")
                    .equals("0"));
            WorkloadTotals totals = run.stop();
            assertThat(totals.refused()).isEmpty();
            assertThat(Long.parseLong(server.value("app", "SELECT count(*) FROM pgbench_history"))
                            + Long.parseLong(server.value("other", "SELECT count(*) FROM pgbench_history")))
                    .isEqualTo(totals.committed());
        }
    }

    @Test
    void stopEndsAClientThatWaitsForALock() throws Exception {
        TpcB workload = TpcB.ofScale(1);
        workload.prepare(WorkloadIT::app);
        try (Connection blocker = app();
                Statement statement = blocker.createStatement();
                WorkloadRun run = WorkloadOptions.of(workload).clients(1).start(WorkloadIT::app)) {
            blocker.setAutoCommit(false);
            statement.execute("LOCK TABLE pgbench_accounts");
            await(() -> server.value("app", "SELECT count(*) FROM pg_locks WHERE NOT granted")
                    .equals("1"));
            assertThat(run.stop().elapsed()).isLessThan(DEADLINE);
        }
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds() throws SQLException;
    }

    private static void await(Condition condition) throws Exception {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as("waited too long").isLessThan(deadline);
            Thread.sleep(10);
        }
    }
}
