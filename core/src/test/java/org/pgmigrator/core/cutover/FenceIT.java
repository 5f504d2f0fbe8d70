package org.pgmigrator.core.cutover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.StringReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.postgresql.PGConnection;

/// Who is refused once the source is closed, who is not, and how it is opened again.
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 17})
@ExtendWith(SharedServers.class)
class FenceIT {

    private static final Duration SOON = Duration.ofSeconds(20);

    /// Each writes to a table in a way of its own.
    private static final List<String> WRITES = List.of(
            "insert into plain values (7000)",
            "update plain set word = 'y' where id = 2",
            "update plain set word = 'y' where false",
            "delete from plain where id = 3",
            "delete from plain",
            "truncate referring",
            "truncate plain cascade",
            "insert into root values (9, 1)",
            "insert into leaf_1 values (9, 1)",
            "insert into leaf_2 values (9, 2)",
            "insert into branch values (9, 2)",
            "truncate root",
            "truncate leaf_1",
            "update root set id = 8",
            "insert into parent values (1)",
            "insert into child values (1, 1)",
            "delete from only child",
            "truncate child",
            "insert into unlogged values (1)",
            "insert into \"Odd one\".\"Ta\"\"ble\" values (1)",
            "with gone as (delete from referring returning id) select * from gone",
            "merge into plain p using (values (2)) v(id) on p.id = v.id when matched then update set word = 'z'");

    @Parameter
    int major;

    @SuppressWarnings("NullAway.Init")
    private static PostgresServer server;

    private SourceScene scene;

    @BeforeParameterizedClassInvocation
    static void startServer(int major, ServerPool servers) {
        server = servers.source(major);
    }

    @BeforeEach
    void createTables() throws Exception {
        scene = new SourceScene(server, SourceScene.TABLES);
    }

    @AfterEach
    void leave() throws Exception {
        scene.close();
    }

    private static void refused(Connection connection, String sql) {
        assertThatThrownBy(() -> SourceScene.run(connection, sql))
                .as(sql)
                .isInstanceOfSatisfying(SQLException.class, refusal -> {
                    assertThat(refusal.getSQLState()).isEqualTo(SqlState.READ_ONLY_SQL_TRANSACTION);
                    assertThat(refusal.getMessage())
                            .contains("was moved to another server", "Connect to the new server");
                });
    }

    @Test
    void everyWriteToEveryCarriedTableIsRefused() throws Exception {
        scene.fence();
        Connection session = scene.session();
        WRITES.forEach(sql -> refused(session, sql));
        assertThatThrownBy(() -> session.unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyIn("copy plain from stdin", new StringReader("8000\tx\n")))
                .isInstanceOfSatisfying(
                        SQLException.class,
                        refusal -> assertThat(refusal.getSQLState()).isEqualTo("25006"));
        SourceScene.run(session, "insert into not_carried values (1)", "select * from plain", "select * from root");
        assertThat(server.value(scene.name, "select count(*), count(*) filter (where word <> 'w') from plain"))
                .isEqualTo("100|0");
    }

    @Test
    void noSettingOfASessionPassesIt() throws Exception {
        server.execute(
                scene.name,
                "create role own_default_" + scene.name + " superuser",
                "alter role own_default_" + scene.name + " set default_transaction_read_only = off");
        Connection pooled = scene.session();
        PreparedStatement prepared = pooled.prepareStatement("update plain set word = ? where id = 2");
        for (int i = 0; i < 10; i++) {
            prepared.setString(1, "w");
            prepared.execute();
        }
        Connection hasRead = scene.session();
        SourceScene.run(hasRead, "begin", "select count(*) from plain");
        Connection hasReadOldSnapshot = scene.session();
        SourceScene.run(hasReadOldSnapshot, "begin isolation level repeatable read", "select count(*) from plain");
        Connection ownDefault = scene.session();
        SourceScene.run(
                ownDefault, "set role own_default_" + scene.name, "prepare w as insert into plain values (7001)");
        scene.fence();

        assertThatThrownBy(prepared::execute).hasMessageContaining("was moved");
        refused(hasRead, "insert into plain values (7000)");
        refused(hasReadOldSnapshot, "insert into plain values (7000)");
        refused(ownDefault, "execute w");
        Connection fresh = scene.session();
        SourceScene.run(fresh, "begin read write");
        refused(fresh, "insert into plain values (7000)");
        SourceScene.run(fresh, "rollback", "set default_transaction_read_only = off");
        refused(fresh, "insert into plain values (7000)");
    }

    @Test
    void whoWaitedForTheLockIsRefused() throws Exception {
        List<CompletableFuture<String>> waiting = new ArrayList<>();
        try (SourceLock lock = scene.locked()) {
            for (String sql : WRITES) {
                Connection session = scene.session();
                waiting.add(CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                SourceScene.run(session, sql);
                                return "done: " + sql;
                            } catch (SQLException refusal) {
                                return String.valueOf(refusal.getSQLState());
                            }
                        },
                        task -> Thread.ofVirtual().start(task)));
            }
            await().atMost(SOON).until(() -> lock.waitingSessions() >= 3);
            assertThat(Fence.place(lock)).isInstanceOfSatisfying(Fence.Outcome.Placed.class, placed -> {
                assertThat(placed.tables()).isEqualTo(10);
            });
        }
        for (CompletableFuture<String> one : waiting) {
            assertThat(one.get(SOON.toSeconds(), TimeUnit.SECONDS)).isEqualTo("25006");
        }
    }

    @Test
    void theReplicaRolePasses() throws Exception {
        scene.fence();
        Connection apply = scene.session();
        SourceScene.run(apply, "set session_replication_role = replica", "insert into plain values (7000)");
        assertThat(server.value(scene.name, "select count(*) from plain")).isEqualTo("101");
    }

    @Test
    void itIsLookedUpAndDroppedAndDroppedAgain() throws Exception {
        Connection session = scene.own();
        assertThat(Fence.lookUp(session, SourceScene.MIGRATION, SOON)).isEqualTo(FenceState.NONE);
        assertThat(Fence.drop(session, SOON)).isEqualTo(new Fence.Dropped(false, true));
        String token;
        try (SourceLock lock = scene.locked()) {
            token = lock.token();
            assertThat(Fence.place(lock)).isInstanceOf(Fence.Outcome.Placed.class);
        }
        FenceState found = Fence.lookUp(session, SourceScene.MIGRATION, SOON);
        assertThat(found.presence()).isEqualTo(FenceState.Presence.EXISTS);
        assertThat(found.token()).isEqualTo(token);
        assertThat(found.expected()).isEqualTo(10);

        assertThat(Fence.drop(session, SOON)).isEqualTo(new Fence.Dropped(true, true));
        assertThat(Fence.drop(session, SOON)).isEqualTo(new Fence.Dropped(false, true));
        assertThat(Fence.lookUp(session, SourceScene.MIGRATION, SOON)).isEqualTo(FenceState.NONE);
        server.execute(scene.name, "insert into plain values (7000)", "insert into leaf_2 values (1, 2)");
        assertThat(server.value(scene.name, "select count(*) from pg_trigger where not tgisinternal"))
                .isEqualTo("0");
    }

    @Test
    void aReaderDoesNotKeepTheSourceClosed() throws Exception {
        scene.fence();
        Connection report = scene.session();
        SourceScene.run(report, "begin", "select count(*) from plain");
        Connection pooled = scene.session();
        refused(pooled, "insert into plain values (7000)");
        Connection session = scene.own();

        assertThat(Fence.drop(session, Duration.ZERO)).isEqualTo(new Fence.Dropped(true, false));
        SourceScene.run(pooled, "insert into plain values (7000)");
        FenceState left = Fence.lookUp(session, SourceScene.MIGRATION, SOON);
        assertThat(left.presence()).isEqualTo(FenceState.Presence.ABSENT);
        assertThat(left.present()).isEqualTo(10);

        SourceScene.run(report, "commit");
        assertThat(Fence.drop(session, SOON)).isEqualTo(new Fence.Dropped(true, true));
    }

    @Test
    void aTriggerThatSomebodyDisablesMakesItPartial() throws Exception {
        scene.fence();
        server.execute(scene.name, "alter table plain disable trigger pgmigrator_fence");
        FenceState found = Fence.lookUp(scene.own(), SourceScene.MIGRATION, SOON);
        assertThat(found.presence()).isEqualTo(FenceState.Presence.PARTIAL);
        assertThat(found.present()).isEqualTo(9);
    }

    @Test
    void aFenceThatIsThereAlreadyIsNotTakenForOurs() throws Exception {
        server.execute(scene.name, "create schema pgmigrator_fence");
        try (SourceLock lock = scene.locked()) {
            assertThat(Fence.place(lock)).isInstanceOfSatisfying(Fence.Outcome.NotPlaced.class, not -> {
                assertThat(not.failure().kind()).isEqualTo(FailureKind.SOURCE_FENCE);
                assertThat(not.failure().remedy()).anyMatch(step -> step.contains("abort --unlock-source"));
            });
        }
        server.execute(scene.name, "insert into plain values (7000)");
    }

    @Test
    void anEventTriggerThatWritesIsNotFiredOrRefused() throws Exception {
        server.execute(
                scene.name,
                "create table ddl_log (tag text)",
                "create function log_ddl() returns event_trigger language plpgsql as"
                        + " 'begin insert into public.ddl_log values (tg_tag); end'",
                "create event trigger log_ddl on ddl_command_end execute function log_ddl()");
        scene.fence();
        assertThat(server.value(scene.name, "select count(*) from ddl_log")).isEqualTo("0");

        Fence.drop(scene.own(), SOON);
        server.execute(scene.name, "truncate ddl_log", "alter event trigger log_ddl enable always");
        try (SourceLock lock = scene.locked()) {
            assertThat(Fence.place(lock))
                    .isInstanceOfSatisfying(
                            Fence.Outcome.NotPlaced.class,
                            not -> assertThat(not.failure().why()).containsAnyOf("ddl_log", "moved to another server"));
        }
        assertThat(server.value(scene.name, "select count(*) from ddl_log")).isEqualTo("0");
        server.execute(scene.name, "insert into plain values (7000)");
    }

    @Test
    void aLookUpDoesNotOvertakeASessionThatCouldYetCommit() throws Exception {
        try (SourceLock lock = scene.locked()) {
            FenceState found = Fence.lookUp(scene.own(), SourceScene.MIGRATION, SOON);
            assertThat(found).isEqualTo(FenceState.NONE);
            assertThat(lock.isHeld()).isFalse();
            assertThat(Fence.place(lock)).isInstanceOf(Fence.Outcome.NotPlaced.class);
        }
        assertThatCode(() -> server.execute(scene.name, "insert into plain values (7000)"))
                .doesNotThrowAnyException();
    }

    @Test
    void aRoleWithTheLeastPrivilegesCanFence() throws Exception {
        String role = "least_" + scene.name;
        server.execute(
                scene.name,
                "create role " + role + " login password 'least'",
                "grant update, trigger on all tables in schema public, \"Odd one\" to " + role,
                "grant usage on schema \"Odd one\" to " + role,
                "grant create on database " + scene.name + " to " + role);
        scene.as(role);
        scene.fence();
        refused(scene.session(), "insert into plain values (7000)");
        assertThat(Fence.drop(scene.own(), SOON)).isEqualTo(new Fence.Dropped(true, true));
        server.execute(scene.name, "insert into plain values (7000)");
    }
}
