package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.pgmigrator.cli.migrate.MigrationRun.Ended;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.ServerSpec;

/// The write downtime with many tables and as many sequences. `-Dpgmigrator.cutover.tables=1000` for the number that it
/// is promised for.
class CutoverScaleIT {

    private static final int TABLES = Integer.getInteger("pgmigrator.cutover.tables", 100);

    /// The promise, on two cores, at 1,000 tables.
    private static final long LONGEST_MILLIS = 1000;

    @Test
    void withManyTablesAndSequencesWritesAreKeptAwayForLessThanASecond() throws Exception {
        try (EmbeddedServer source = start(15);
                EmbeddedServer target = start(17)) {
            DatabasePair databases = DatabasePair.create(source, target, "scale");
            for (int from = 0; from < TABLES; from += 200) {
                databases.onSource("DO $$ BEGIN FOR i IN " + from + ".." + (Math.min(from + 200, TABLES) - 1)
                        + " LOOP EXECUTE format('CREATE TABLE t%s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
                        + " note text)', i); EXECUTE format('INSERT INTO t%s (note) VALUES (1)', i);"
                        + " END LOOP; END $$");
            }
            try (MigrationRun run = MigrationRun.start(databases)) {
                Ended ended = run.awaitCaughtUp().interrupt().awaitEnd().assertDone();
                ended.all("cutover_step")
                        .forEach(step ->
                                System.err.println(step.text("step") + " " + step.number("milliseconds") + " ms"));
                assertThat(ended.only("cutover_complete").number("write_downtime_ms"))
                        .isLessThan(LONGEST_MILLIS);
            }
        }
    }

    private static EmbeddedServer start(int major) {
        return EmbeddedServer.start(
                ServerSpec.of(major).setting("max_locks_per_transaction", Integer.toString(64 + TABLES / 10)));
    }
}
