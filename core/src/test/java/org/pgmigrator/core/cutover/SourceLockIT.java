package org.pgmigrator.core.cutover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.ServerSpec;

/// Getting the lock, holding it, and losing it.
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 17})
class SourceLockIT {

    private static final Duration FREE = Duration.ofSeconds(10);
    private static final Duration SOON = Duration.ofSeconds(20);

    /// What the default's promise allows beside the switch's delay.
    private static final Duration ALLOWANCE = FREE.minus(LockLimits.DEFAULT.switchDelay());

    /// As by default, but for what a test would only wait for: the pause between two attempts, and the switch.
    private static final LockLimits QUICK = new LockLimits(
            LockLimits.DEFAULT.attempt(), Duration.ofMillis(600), Duration.ofMillis(2500), Duration.ofMillis(500));

    @Parameter
    int major;

    @SuppressWarnings("NullAway.Init")
    private static EmbeddedServer server;

    private SourceScene scene;

    @BeforeParameterizedClassInvocation
    static void startServer(int major) {
        server = EmbeddedServer.start(ServerSpec.of(major).setting("autovacuum_naptime", "1s"));
    }

    @AfterParameterizedClassInvocation
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void createTables() throws Exception {
        scene = new SourceScene(server, SourceScene.TABLES);
    }

    @AfterEach
    void leave() throws Exception {
        scene.close();
    }

    @Test
    void everyCarriedTableIsLockedAndNoOther() throws Exception {
        try (SourceLock lock = scene.locked()) {
            assertThat(server.rows(
                            scene.name,
                            "select relation::regclass::text from pg_locks where mode = 'ExclusiveLock' and granted and"
                                    + " locktype = 'relation' and pid = " + lock.pid() + " order by 1"))
                    .containsExactlyInAnyOrder(
                            "\"Odd one\".\"Ta\"\"ble\"",
                            "branch",
                            "child",
                            "leaf_1",
                            "leaf_2",
                            "parent",
                            "plain",
                            "referring",
                            "root",
                            "unlogged");
            assertThat(server.value(scene.name, "select count(*) from plain")).isEqualTo("100");
            server.execute(scene.name, "insert into not_carried values (1)");
            assertThat(lock.isHeld()).isTrue();
            assertThat(lock.lost()).isEmpty();
            lock.release();
            assertThat(lock.isHeld()).isFalse();
            server.execute(scene.name, "insert into plain values (101)");
        }
        assertThat(scene.events).isEmpty();
    }

    @Test
    void readersGoOnAndAWriterWaitsUntilTheRelease() throws Exception {
        try (SourceLock lock = scene.locked()) {
            Connection writer = scene.session();
            CompletableFuture<Long> written = CompletableFuture.supplyAsync(() -> {
                try {
                    return scene.millisecondsToWrite(writer, "insert into leaf_2 values (1, 2)");
                } catch (SQLException refusal) {
                    throw new AssertionError(refusal);
                }
            });
            await().atMost(SOON).until(() -> lock.waitingSessions() == 1);
            lock.requireHeld();
            assertThat(written).isNotDone();
            lock.release();
            assertThat(written.get(SOON.toSeconds(), TimeUnit.SECONDS)).isPositive();
        }
    }

    @Test
    void aLongTransactionIsShownAndOthersAreNotKeptWaitingBehindIt() throws Exception {
        Connection blocker = scene.session();
        SourceScene.run(
                blocker, "set application_name = 'the report'", "begin", "update plain set word = 'x' where id = 1");
        Thread.sleep(LockLimits.DEFAULT.attempt());
        AtomicBoolean done = new AtomicBoolean();
        AtomicLong slowest = new AtomicLong();
        Connection other = scene.session();
        CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> {
            try {
                for (int i = 1000; !done.get(); i++) {
                    slowest.accumulateAndGet(
                            scene.millisecondsToWrite(other, "insert into plain values (" + i + ")"), Math::max);
                }
            } catch (SQLException refusal) {
                throw new AssertionError(refusal);
            }
        });
        try (SourceLock lock = scene.open(QUICK)) {
            assertThatThrownBy(() -> scene.acquire(lock, Duration.ofSeconds(4)))
                    .isInstanceOfSatisfying(MigrationException.class, failed -> {
                        assertThat(failed.failure().kind()).isEqualTo(FailureKind.SOURCE_LOCK_NOT_GRANTED);
                        assertThat(failed.failure().why()).contains("the report", "public.plain", "user postgres");
                        assertThat(failed.failure().remedy()).anyMatch(step -> step.contains("pg_terminate_backend"));
                    });
            assertThat(lock.isHeld()).isFalse();
        }
        done.set(true);
        writing.get(SOON.toSeconds(), TimeUnit.SECONDS);

        assertThat(scene.events).anyMatch(event -> event instanceof LockEvent.Waiting waiting && waiting.tried());
        assertThat(scene.events).anyMatch(event -> event instanceof LockEvent.Waiting waiting && !waiting.tried());
        assertThat(scene.blockers())
                .filteredOn(found -> found.application().equals("the report"))
                .isNotEmpty()
                .allSatisfy(found -> {
                    assertThat(found.kind()).isEqualTo(LockBlocker.Kind.CLIENT);
                    assertThat(found.state()).isEqualTo("idle in transaction");
                    assertThat(found.transactionAge().orElseThrow()).isPositive();
                    assertThat(found.statementStart()).isPresent();
                    assertThat(found.relations()).contains("public.plain");
                });
        // The writer did wait behind an attempt, and no longer than that; the rest is the machine's.
        assertThat(slowest.get()).isBetween(400L, LockLimits.DEFAULT.attempt().toMillis() + 750);
    }

    @Test
    void aBlockerIsEndedWhenItsTimeIsOver() throws Exception {
        Connection blocker = scene.session();
        SourceScene.run(blocker, "begin", "update plain set word = 'x' where id = 1");
        try (SourceLock lock = scene.open(QUICK, Optional.of(Duration.ofSeconds(1)))) {
            scene.acquire(lock, Duration.ofSeconds(30));
            assertThat(lock.isHeld()).isTrue();
        }
        assertThat(scene.events)
                .filteredOn(LockEvent.Terminated.class::isInstance)
                .hasSize(1);
        assertThatThrownBy(() -> SourceScene.run(blocker, "commit")).isInstanceOf(SQLException.class);
    }

    @Test
    void aRoleThatMayNotEndABlockerSaysSo() throws Exception {
        server.execute(
                scene.name,
                "create role locker_" + scene.name + " login password 'least'",
                "grant update on all tables in schema public, \"Odd one\" to locker_" + scene.name,
                "grant usage on schema \"Odd one\" to locker_" + scene.name);
        scene.as("locker_" + scene.name);
        Connection blocker = scene.session();
        SourceScene.run(blocker, "begin", "update plain set word = 'x' where id = 1");
        try (SourceLock lock = scene.open(QUICK, Optional.of(Duration.ZERO))) {
            assertThatThrownBy(() -> scene.acquire(lock, Duration.ofSeconds(2))).isInstanceOf(MigrationException.class);
        }
        // What another role's session is doing is hidden, and it might be anything: it is left alone.
        assertThat(scene.blockers()).isNotEmpty().allMatch(found -> found.kind() == LockBlocker.Kind.HIDDEN);

        server.execute(scene.name, "grant pg_read_all_stats to locker_" + scene.name);
        try (SourceLock lock = scene.open(QUICK, Optional.of(Duration.ZERO))) {
            assertThatThrownBy(() -> scene.acquire(lock, Duration.ofSeconds(2))).isInstanceOf(MigrationException.class);
        }
        assertThat(scene.events)
                .anySatisfy(event -> assertThat(event)
                        .isInstanceOfSatisfying(LockEvent.TerminationRefused.class, refused -> {
                            assertThat(refused.why()).contains("42501");
                            assertThat(refused.remedy()).contains("GRANT pg_signal_backend");
                        }));
        SourceScene.run(blocker, "commit");
    }

    @Test
    void aPreparedTransactionAndAnIndexBuildAreTold() throws Exception {
        Connection preparing = scene.session();
        SourceScene.run(preparing, "begin", "insert into plain values (5000)", "prepare transaction 'forgotten'");
        Connection reader = scene.session();
        SourceScene.run(reader, "begin", "insert into parent values (1)");
        CompletableFuture<Void> build = CompletableFuture.runAsync(() -> {
            try {
                SourceScene.run(scene.session(), "create index concurrently on parent (id)");
            } catch (SQLException stopped) {
                // By the end of the test.
            }
        });
        await().atMost(SOON)
                .until(() -> server.value(scene.name, "select count(*) from pg_stat_progress_create_index")
                        .equals("1"));
        try (SourceLock lock = scene.open(LockLimits.DEFAULT, Optional.of(Duration.ofMinutes(1)))) {
            assertThatThrownBy(() -> scene.acquire(lock, Duration.ofSeconds(2)))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("SOURCE_LOCK_NOT_GRANTED");
        }
        assertThat(scene.blockers()).anySatisfy(found -> {
            assertThat(found.kind()).isEqualTo(LockBlocker.Kind.PREPARED);
            assertThat(found.application()).isEqualTo("forgotten");
            assertThat(found.user()).isEqualTo("postgres");
        });
        assertThat(scene.blockers()).anySatisfy(found -> {
            assertThat(found.kind()).isEqualTo(LockBlocker.Kind.INDEX_BUILD);
            assertThat(found.relations()).containsExactly("public.parent");
        });
        server.execute(scene.name, "rollback prepared 'forgotten'");
        SourceScene.run(reader, "rollback");
        build.get(SOON.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    void autovacuumYieldsAndNoWriterWaitsForThat() throws Exception {
        server.execute(
                scene.name,
                "create table vacuumed (id int, filler text)",
                "alter table vacuumed set (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1,"
                        + " autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0)",
                "insert into vacuumed select i, repeat('x', 500) from generate_series(1, 20000) i",
                "delete from vacuumed where id % 2 = 0");
        await().atMost(Duration.ofSeconds(60))
                .until(() -> server.value(
                                scene.name,
                                "select count(*) from pg_stat_activity where backend_type = 'autovacuum worker' and"
                                        + " query like '%public.vacuumed%' and datname = '" + scene.name + "'")
                        .equals("1"));
        AtomicBoolean done = new AtomicBoolean();
        AtomicLong slowest = new AtomicLong();
        Connection other = scene.session();
        SourceScene.run(other, "set lock_timeout = '1200ms'");
        CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> {
            try {
                while (!done.get()) {
                    slowest.accumulateAndGet(
                            scene.millisecondsToWrite(other, "insert into vacuumed values (1, 'y')"), Math::max);
                }
            } catch (SQLException refusal) {
                throw new AssertionError(refusal);
            }
        });
        try (SourceLock lock = scene.open(LockLimits.DEFAULT)) {
            scene.acquire(lock, Duration.ofSeconds(20));
            done.set(true);
            assertThat(lock.isHeld()).isTrue();
        }
        writing.get(SOON.toSeconds(), TimeUnit.SECONDS);
        // It was granted at the first attempt: vacuum was asked before anybody had to wait.
        assertThat(scene.events).isEmpty();
        assertThat(server.value(
                        scene.name,
                        "select count(*) from pg_stat_activity where backend_type = 'autovacuum worker' and query like"
                                + " '%wraparound%'"))
                .isEqualTo("0");
    }

    @Test
    void aLockSessionThatIsEndedIsNoticed() throws Exception {
        try (SourceLock lock = scene.locked()) {
            server.execute(scene.name, "select pg_terminate_backend(" + lock.pid() + ")");
            await().atMost(SOON).until(() -> lock.lost().isPresent());
            assertThat(lock.isHeld()).isFalse();
            assertThatThrownBy(lock::requireHeld).isInstanceOfSatisfying(MigrationException.class, failed -> {
                assertThat(failed.failure().kind()).isEqualTo(FailureKind.SOURCE_LOCK_LOST);
                assertThat(failed.failure().why()).contains("57P01");
            });
            assertThat(Fence.place(lock)).isInstanceOf(Fence.Outcome.NotPlaced.class);
        }
        server.execute(scene.name, "insert into plain values (101)");
    }

    @Test
    void theServerFreesTheSourceWhenTheCutoverDoesNotGoOn() throws Exception {
        AtomicBoolean alive = new AtomicBoolean(true);
        try (SourceLock lock = scene.open(QUICK)) {
            lock.acquire(scene.carried(), false, alive::get, SOON, scene.events::add);
            // Longer than the switch's delay: the signs of life keep it.
            Thread.sleep(QUICK.switchDelay().plusSeconds(1));
            lock.requireHeld();
            alive.set(false);
            assertThat(scene.millisecondsToWrite(scene.session(), "insert into plain values (101)"))
                    .isLessThan(QUICK.switchDelay().plus(ALLOWANCE).toMillis());
            assertThat(lock.isHeld()).isFalse();
            assertThat(lock.lost().orElseThrow()).contains("does not go on");
        }
    }

    @Test
    void aCutNetworkFreesTheSource() throws Exception {
        try (TcpProxy proxy = TcpProxy.inFrontOf(server)) {
            Database direct = scene.source;
            scene.source = Database.parse(
                    Side.SOURCE, new Secret(proxy.asServer(server).uri(scene.name)), Map.of());
            try (SourceLock lock = scene.locked()) {
                proxy.blackHole(true);
                assertThat(scene.millisecondsToWrite(scene.session(), "insert into plain values (101)"))
                        .isLessThan(FREE.toMillis());
                proxy.blackHole(false);
                await().atMost(SOON).until(() -> !lock.isHeld());
                assertThat(Fence.place(lock)).isInstanceOf(Fence.Outcome.NotPlaced.class);
            }
            scene.source = direct;
        }
    }

    @Test
    void aMissingPrivilegeIsTold() throws Exception {
        server.execute(
                scene.name,
                "create role locker_" + scene.name + " login password 'least'",
                "grant update on all tables in schema public to locker_" + scene.name);
        scene.as("locker_" + scene.name);
        try (SourceLock lock = scene.open(LockLimits.DEFAULT)) {
            assertThatThrownBy(() -> scene.acquire(lock, SOON))
                    .isInstanceOfSatisfying(MigrationException.class, failed -> {
                        assertThat(failed.failure().kind()).isEqualTo(FailureKind.SOURCE_LOCK_NOT_GRANTED);
                        assertThat(failed.failure().remedy())
                                .anyMatch(step -> step.contains("--source-lock read-only"));
                    });
        }
        server.execute(scene.name, "insert into plain values (101)");
    }

    @Test
    void largeObjectsAreLockedWhereThatIsWanted() throws Exception {
        server.execute(scene.name, "select lo_from_bytea(4711, 'x')");
        try (SourceLock lock = scene.open(LockLimits.DEFAULT)) {
            lock.acquire(scene.carried(), true, () -> true, SOON, scene.events::add);
            Connection writer = scene.session();
            SourceScene.run(writer, "set lock_timeout = '200ms'");
            assertThatThrownBy(() -> SourceScene.run(writer, "select lo_put(4711, 0, 'y')"))
                    .hasMessageContaining("lock timeout");
            assertThat(Fence.place(lock)).isInstanceOf(Fence.Outcome.Placed.class);
        }
    }
}
