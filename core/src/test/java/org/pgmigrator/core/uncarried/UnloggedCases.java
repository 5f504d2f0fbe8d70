package org.pgmigrator.core.uncarried;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.cutover.SourceLock;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;

/// Unlogged tables are the source's again, whatever they and their neighbours look like.
abstract class UnloggedCases extends UncarriedServers {

    UnloggedCases(int sourceMajor, int targetMajor) {
        super(sourceMajor, targetMajor);
    }

    @Test
    void rowsAreReplaced() throws Exception {
        pair.onBoth(
                "create type mood as enum ('low', 'high')",
                "create unlogged table cache (id int generated always as identity primary key, key text unique,"
                        + " twice int generated always as (id * 2) stored, at timestamptz default now(), m mood,"
                        + " points numeric[], body jsonb, raw bytea)",
                "insert into cache (key) select 'old ' || i from generate_series(1, 100) i");
        pair.onSource(
                "delete from cache where id % 3 = 0",
                "update cache set key = key || ' changed', m = 'high', points = '{1.50,null,NaN}', body = '{\"a\": 1}',"
                        + " raw = '\\x00ff' where id % 2 = 0",
                "insert into cache (key) select 'new ' || i from generate_series(1, 5000) i",
                "insert into cache (raw) select string_agg(sha256(i::text::bytea), '') from generate_series(1, 12500) i");
        pair.prepare();

        UnloggedTables.Result result;
        try (SourceLock lock = pair.lock()) {
            result = pair.copyUnlogged();
            assertThat(lock.isHeld()).isTrue();
        }

        pair.requireSame("select * from cache order by id");
        assertThat(result.tables()).isEqualTo(1);
        assertThat(result.rows()).isEqualTo(5068);
        assertThat(result.bytes()).isGreaterThan(400_000);
    }

    @Test
    void columnsInAnotherOrderAndTypesWithoutBinaryFormArriveAsTheyAre() throws Exception {
        pair.onSource(
                "create unlogged table odd (\"First\" text, kind regclass, gone int, last int)",
                "alter table odd drop column gone",
                "create unlogged table empty ()",
                "insert into odd values ('a\tb\\n', 'pg_class', 1), (null, null, null)");
        pair.onSource("insert into empty default values", "insert into empty default values");
        pair.onTarget(
                "create unlogged table odd (last int, kind regclass, \"First\" text)",
                "create unlogged table empty ()",
                "insert into empty default values");
        pair.prepare();

        pair.copyUnlogged();

        pair.requireSame("select \"First\", kind, last from odd order by 1");
        pair.requireSame("select count(*) from empty");
    }

    @Test
    void partitionsAndParentsAreCopiedWithoutThoseBelowThem() throws Exception {
        pair.onBoth(
                "create table root (id int, part int) partition by list (part)",
                "create table logged_leaf partition of root for values in (1)",
                "create unlogged table unlogged_leaf partition of root for values in (2)",
                "create unlogged table parent (id int)",
                "create table logged_child () inherits (parent)",
                "create unlogged table unlogged_child () inherits (parent)");
        pair.onSource(
                "insert into root values (1, 2), (2, 2)",
                "insert into parent values (1)",
                "insert into unlogged_child values (2), (3)");
        pair.onTarget(
                "insert into root values (9, 1), (8, 2)",
                "insert into logged_child values (10)",
                "insert into parent values (11)");
        pair.prepare();

        assertThat(pair.copyUnlogged())
                .extracting(UnloggedTables.Result::tables, UnloggedTables.Result::rows)
                .containsExactly(3, 5L);

        pair.requireSame("select * from only parent");
        pair.requireSame("select * from unlogged_leaf order by id");
        pair.requireSame("select * from unlogged_child order by id");
        // What the stream carries is not touched.
        assertThat(pair.targetValue("select id from logged_leaf")).isEqualTo("9");
        assertThat(pair.targetValue("select id from logged_child")).isEqualTo("10");
    }

    /// TRUNCATE ... CASCADE would empty the table that refers, and TRUNCATE alone be refused.
    @Test
    void aTableThatOthersReferToIsEmptiedWithoutThem() throws Exception {
        pair.onBoth(
                "create unlogged table a (id int primary key, self int references a)",
                "create unlogged table b (id int primary key, a_id int references a on delete cascade)",
                "create unlogged table not_carried (id int primary key, a_id int references a on delete cascade)",
                "insert into a values (1, null), (2, 1)",
                "insert into b values (1, 1), (2, 2)");
        pair.onTarget("insert into not_carried values (7, 2)");
        pair.onSource(
                "insert into a values (3, 2)", "insert into b values (3, 3)", "delete from a where id = 2 and false");
        pair.filter(
                new FilterConfig(List.of(), List.of(), List.of(), List.of(new QualifiedName("public", "not_carried"))));
        pair.prepare();

        pair.copyUnlogged();

        pair.requireSame("select * from a order by id");
        pair.requireSame("select * from b order by id");
        assertThat(pair.targetValue("select a_id from not_carried")).isEqualTo("2");
    }

    @Test
    void noTriggerSeesTheRowsAgain() throws Exception {
        pair.onBoth(
                "create unlogged table seen (id int)",
                "create table log (what text)",
                "create function note() returns trigger language plpgsql as"
                        + " $$ begin insert into public.log values (tg_name); return null; end $$",
                "create trigger ordinary after insert or delete on seen for each row execute function note()",
                "create trigger always after insert on seen for each row execute function note()",
                "create trigger on_replica after truncate on seen for each statement execute function note()",
                "create trigger never after insert on seen for each row execute function note()",
                "alter table seen enable always trigger always, enable replica trigger on_replica,"
                        + " disable trigger never");
        pair.onSource("insert into seen values (1), (2)");
        String enabled = "select tgname, tgenabled from pg_trigger order by 1";
        pair.prepare();

        pair.copyUnlogged();
        pair.copyUnlogged();

        pair.requireSame("select * from seen order by id");
        assertThat(pair.targetValue("select count(*) from log")).isEqualTo("0");
        pair.requireSame(enabled);
    }

    @Test
    void excludedTablesStayAsTheyAre() throws Exception {
        pair.onBoth(
                "create schema apart", "create unlogged table apart.t (id int)", "create unlogged table t (id int)");
        pair.onSource("insert into apart.t values (1)", "insert into t values (1)");
        pair.onTarget("insert into apart.t values (2)");
        pair.filter(new FilterConfig(List.of(), List.of("apart"), List.of(), List.of()));
        pair.prepare();

        assertThat(pair.copyUnlogged().tables()).isEqualTo(1);

        assertThat(pair.targetValue("select id from apart.t")).isEqualTo("2");
        assertThat(pair.targetValue("select id from t")).isEqualTo("1");
    }

    @Test
    void aRowThatTheTargetRefusesLeavesItsTableAsItWas() throws Exception {
        pair.onBoth("create unlogged table t (id int)", "insert into t values (1)");
        pair.onTarget("alter table t add constraint small check (id < 10)");
        pair.onSource("insert into t values (50)");
        pair.prepare();

        assertThatThrownBy(() -> pair.copyUnlogged()).isInstanceOfSatisfying(MigrationException.class, failed -> {
            assertThat(failed.failure().kind()).isEqualTo(FailureKind.TARGET_FAILED);
            assertThat(failed.failure().what()).contains("public.t");
            assertThat(failed.failure().why()).contains("small");
        });
        assertThat(pair.targetValue("select id from t")).isEqualTo("1");

        pair.onTarget("alter table t drop constraint small");
        assertThat(pair.copyUnlogged().rows()).isEqualTo(2);
        pair.requireSame("select * from t order by id");
    }

    @Test
    void aTableThatTheTargetLacksIsToldBeforeTheLock() throws Exception {
        pair.onSource("create unlogged table t (id int, more int)");

        assertThatThrownBy(() -> pair.prepare()).hasMessageContaining("public.t");

        pair.onTarget("create unlogged table t (id int)");
        assertThatThrownBy(() -> pair.prepare())
                .isInstanceOfSatisfying(
                        MigrationException.class,
                        failed -> assertThat(failed.failure().why()).contains("more"));
    }

    /// A reader of the target stands in the way of TRUNCATE.
    @Test
    void aStepThatIsNoLongerWantedEndsAtOnce() throws Exception {
        pair.onBoth("create unlogged table t (id int)");
        pair.onTarget("insert into t values (1)");
        pair.prepare();
        AtomicBoolean wanted = new AtomicBoolean(true);
        try (Connection reader = pair.targetServer.connect(pair.name);
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("lock table t in access share mode");
            Thread ender = Thread.ofPlatform().start(() -> {
                try {
                    awaitWaiter();
                } finally {
                    wanted.set(false);
                }
            });
            assertThatThrownBy(() -> pair.uncarried.copyUnloggedTables(wanted::get))
                    .isInstanceOfSatisfying(
                            MigrationException.class,
                            failed -> assertThat(failed.failure().kind()).isEqualTo(FailureKind.CUTOVER_NOT_COMPLETED));
            ender.join();

            Thread worker = Thread.currentThread();
            Thread interrupter = Thread.ofPlatform().start(() -> {
                try {
                    awaitWaiter();
                } finally {
                    worker.interrupt();
                }
            });
            assertThatThrownBy(() -> pair.copyUnlogged()).isInstanceOf(InterruptedException.class);
            assertThat(Thread.interrupted()).isTrue();
            interrupter.join();
        }
        assertThat(pair.targetValue("select id from t")).isEqualTo("1");
        pair.copyUnlogged();
        assertThat(pair.targetValue("select count(*) from t")).isEqualTo("0");
    }

    private void awaitWaiter() {
        long deadline = System.nanoTime() + 20_000_000_000L;
        try {
            while ("0"
                    .equals(pair.targetServer.value(
                            "postgres",
                            "select count(*) from pg_stat_activity where datname = '" + pair.name
                                    + "' and wait_event_type = 'Lock'"))) {
                if (System.nanoTime() > deadline) {
                    throw new AssertionError("nobody waits");
                }
                Thread.sleep(20);
            }
        } catch (SQLException | InterruptedException broken) {
            throw new AssertionError(broken);
        }
    }
}
