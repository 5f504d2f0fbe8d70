package org.pgmigrator.core.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.progress.ProgressEvent.Finding;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.Servers;

/// Transactions that the creation of a slot would wait for.
final class ValidateBlockersIT {

    private static PostgresServer server;

    @BeforeAll
    static void startServer() {
        server = Servers.start(14);
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Test
    void aLongWritingTransactionIsNamedAlsoToARoleThatCannotSeeItsAge() throws Exception {
        Scene scene = new Scene(server, server);
        scene.source("create table t (id int primary key)");
        String superuserUri = scene.sourceUri;
        try (Connection writer = server.connect(scene.database);
                Statement statement = writer.createStatement()) {
            statement.execute("set application_name = 'nightly job'");
            writer.setAutoCommit(false);
            statement.execute("insert into t values (1)");
            String pid = "pid "
                    + server.value(
                            "postgres", "select pid from pg_stat_activity where application_name" + " = 'nightly job'");
            scene.sourceRole("watcher", "REPLICATION");

            Finding hidden = scene.run().warning("long-transactions");

            assertThat(hidden.what()).contains(pid, "user postgres", scene.database);
            assertThat(hidden.why()).contains("\"watcher\"", "pg_read_all_stats");
            scene.sourceUri = superuserUri;
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> server.value(
                                    "postgres",
                                    "select clock_timestamp() - xact_start > '10 s' from pg_stat_activity"
                                            + " where application_name = 'nightly job'")
                            .equals("t"));
            Finding seen = scene.run().warning("long-transactions");
            assertThat(seen.what()).contains(pid, "nightly job", "idle in transaction", "open for 1");

            scene.resume = true;
            assertThat(scene.run().warnings("long-transactions")).isEmpty();
            scene.resume = false;
            scene.remedyOnSource(List.of(seen));
        }
        assertThat(scene.run().warnings("long-transactions")).isEmpty();
    }

    @Test
    void aPreparedTransactionIsNamedWithItsGid() throws Exception {
        Scene scene = new Scene(server, server);
        scene.source("create table t (id int primary key)");
        try (Connection connection = server.connect(scene.database);
                Statement statement = connection.createStatement()) {
            statement.execute("begin; insert into t values (1); prepare transaction 'it''s stuck'");
        }

        Finding finding = scene.run().warning("prepared-transactions");

        assertThat(finding.what()).contains("'it''s stuck'", "user postgres", scene.database);
        scene.remedyOnSource(List.of(finding));
        assertThat(scene.run().warnings("prepared-transactions")).isEmpty();
    }

    @Test
    void aTableThatIsLockedExclusivelyIsAFindingAndNotAWait() throws Exception {
        Scene scene = new Scene(server, server);
        scene.source("create table t (id int primary key)");
        try (Connection connection = server.connect(scene.database);
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("lock table t in access exclusive mode");

            Finding finding = scene.run().error("source-catalog");

            assertThat(finding.what()).isEqualTo("This check could not be made on the source in time.");
            assertThat(finding.why()).contains("lock timeout");
        }
    }
}
