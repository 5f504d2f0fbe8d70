package org.pgmigrator.core.validate;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.Statement;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.config.SourceLockConfig.Mode;
import org.pgmigrator.core.validate.Scene.Result;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.ServerSpec;

/// What stands in the way of the source's lock and fence, and that its remedies help.
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 17})
class SourceLockChecksIT {

    @Parameter
    int major;

    @SuppressWarnings("NullAway.Init")
    private static EmbeddedServer server;

    private Scene scene;

    @BeforeParameterizedClassInvocation
    static void startServer(int major) {
        server = EmbeddedServer.start(ServerSpec.of(major)
                .setting("max_connections", "20")
                .setting("max_prepared_transactions", "5")
                .setting("max_locks_per_transaction", "10"));
    }

    @AfterParameterizedClassInvocation
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void makeScene() throws Exception {
        scene = new Scene(server, server);
        scene.sourceLock = Optional.of(Mode.TABLES);
        scene.source(
                "create table plain (id int primary key)",
                "create schema \"Closed\"",
                "create table \"Closed\".\"T\" (id int primary key)");
    }

    @Test
    void asSuperuserNothingStandsInTheWay() throws Exception {
        Result result = scene.run();
        assertThat(result.refusing()).noneMatch(check -> check.startsWith("source-"));
        for (String check : new String[] {
            "source-fence",
            "source-lock",
            "source-lock-capacity",
            "source-lock-privilege",
            "source-fence-privilege",
            "source-lock-blockers",
            "source-fence-bypass"
        }) {
            assertThat(result.of(check)).as(check).hasSize(1);
            assertThat(result.warnings(check)).as(check).isEmpty();
        }
    }

    @Test
    void missingPrivilegesAreFoundAndGrantedByTheirRemedies() throws Exception {
        scene.sourceRole("locker_" + scene.database, "replication");
        Result refused = scene.run();
        assertThat(refused.error("source-lock-privilege").what()).contains("2 tables", "public.plain");
        assertThat(refused.error("source-lock-privilege").remedy())
                .anyMatch(step -> step.contains(major >= 17 ? "GRANT MAINTAIN ON" : "GRANT UPDATE ON"))
                .anyMatch(step -> step.contains("--source-lock read-only"));
        assertThat(refused.errors("source-fence-privilege")).hasSize(2);

        scene.remedyOnSource(refused.of("source-lock-privilege"));
        scene.remedyOnSource(refused.of("source-fence-privilege"));
        Result cured = scene.run();
        assertThat(cured.errors("source-lock-privilege")).isEmpty();
        assertThat(cured.errors("source-fence-privilege")).isEmpty();
    }

    @Test
    void aLockTableThatIsTooSmallIsAnErrorThatNamesTheAlternative() throws Exception {
        scene.source("do $$ begin for i in 1..100 loop"
                + " execute format('create table t%s (id int primary key)', i); end loop; end $$");
        assertThat(scene.run().warnings("source-lock-capacity")).isEmpty();
        scene.source("do $$ begin for i in 101..140 loop"
                + " execute format('create table t%s (id int primary key)', i); end loop; end $$");
        assertThat(scene.run().warning("source-lock-capacity").what()).contains("about 250 locks", "142 tables");
        scene.source("do $$ begin for i in 141..260 loop"
                + " execute format('create table t%s (id int primary key)', i); end loop; end $$");
        assertThat(scene.run().error("source-lock-capacity").remedy())
                .anyMatch(step -> step.startsWith("ALTER SYSTEM SET max_locks_per_transaction = "))
                .anyMatch(step -> step.contains("--source-lock read-only"));
    }

    @Test
    void anOldFenceRefusesTheMigration() throws Exception {
        scene.source("create schema pgmigrator_fence");
        Result refused = scene.run();
        assertThat(refused.error("source-fence").what()).contains("pgmigrator_fence");
        scene.remedyOnSource(refused.of("source-fence"));
        assertThat(scene.run().errors("source-fence")).isEmpty();
    }

    @Test
    void whatGoesPastTheLockIsNamed() throws Exception {
        scene.source(
                "select lo_from_bytea(0, 'x')",
                "create subscription " + scene.database + "_s connection 'dbname=none' publication p"
                        + " with (connect = false, enabled = false, slot_name = none, create_slot = false)",
                "create function log_ddl() returns event_trigger language plpgsql as 'begin end'",
                "create event trigger log_ddl on ddl_command_end execute function log_ddl()");
        Result result = scene.run();
        assertThat(result.warning("source-fence-bypass").what())
                .contains("1 large object")
                .doesNotContain("subscription");
        scene.source("alter event trigger log_ddl enable always");
        assertThat(scene.run().warnings("source-fence-bypass"))
                .anyMatch(finding -> finding.what().contains("log_ddl"));
        scene.source("drop event trigger log_ddl");
    }

    @Test
    void aPreparedTransactionIsABlocker() throws Exception {
        try (Connection session = server.connect(scene.database);
                Statement statement = session.createStatement()) {
            statement.execute("begin");
            statement.execute("insert into plain values (1)");
            statement.execute("prepare transaction 'p_" + scene.database + "'");
            assertThat(scene.run().warning("source-lock-blockers").what()).contains("p_" + scene.database);
            statement.execute("rollback prepared 'p_" + scene.database + "'");
        }
    }

    @Test
    void theOtherWaysSayWhatTheyDoNotProtectFrom() throws Exception {
        scene.sourceLock = Optional.of(Mode.NONE);
        assertThat(scene.run().warning("source-lock").why()).contains("Nothing is stopped");
        scene.sourceLock = Optional.of(Mode.READ_ONLY);
        assertThat(scene.run().warning("source-lock").why()).contains("BEGIN READ WRITE", "stays read-only");

        scene.sourceRole("reader_" + scene.database, "replication");
        Result least = scene.run();
        assertThat(least.error("source-lock").what()).contains("may not make the source's database read-only");
        assertThat(least.warnings("source-lock")).hasSize(2);
        assertThat(least.of("source-lock-privilege")).isEmpty();
    }
}
