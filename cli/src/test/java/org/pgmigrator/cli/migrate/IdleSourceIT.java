package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.sandbox.workload.TpcB;
import org.pgmigrator.sandbox.workload.WorkloadOptions;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// A source database where nothing happens, on a server where much does: its slot must not hold back the others' WAL.
@ExtendWith(SharedServers.class)
class IdleSourceIT {

    /// A slot that is only confirmed when something of its own database comes would wait for ever.
    private static final Duration SECONDS = Duration.ofSeconds(60);

    @Test
    void theSlotAdvancesWhileOnlyANeighbourDatabaseIsWrittenTo(DatabasePair databases) throws Exception {
        databases.onSource("CREATE TABLE quiet (id int PRIMARY KEY)", "INSERT INTO quiet VALUES (1)");
        DatabasePair neighbour = new DatabasePair(databases.source(), databases.target(), "busy_neighbour");
        databases.source().createDatabase(neighbour.name());
        TpcB pgbench = TpcB.ofScale(1);
        pgbench.prepare(neighbour.sourceSessions());

        try (WorkloadRun busy =
                        WorkloadOptions.of(pgbench).transactionsPerSecond(200).start(neighbour.sourceSessions());
                MigrationRun run = MigrationRun.start(databases)) {
            run.awaitCaughtUp();
            assertThat(busy.awaitCommitted(busy.committed() + 200, MigrationRun.DEADLINE))
                    .isTrue();
            String position = databases.sourceValue("SELECT pg_current_wal_lsn()");

            awaitSlotBeyond(databases, "confirmed_flush_lsn", position);
            awaitSlotBeyond(databases, "restart_lsn", position);

            JsonLine heartbeat = run.await(
                    "a heartbeat that knows it",
                    line -> line.is("lag") && line.text("source_lsn").compareTo(position) > 0);
            assertThat(heartbeat.text("phase")).isEqualTo("CaughtUp");
            run.interrupt().awaitEnd().assertDone();
            assertThat(busy.stop().refused()).isEmpty();
        }
        assertThat(databases.targetValue("SELECT count(*) FROM quiet")).isEqualTo("1");
    }

    /// A checkpoint writes down the running transactions, from which alone `restart_lsn` can move on.
    private static void awaitSlotBeyond(DatabasePair databases, String column, String position) {
        await(column + " beyond " + position).atMost(SECONDS).untilAsserted(() -> {
            databases.onSource("CHECKPOINT");
            assertThat(databases.sourceValue("SELECT " + column + " >= '" + position
                            + "' FROM pg_replication_slots WHERE slot_name = current_database()"))
                    .isEqualTo("t");
        });
    }
}
