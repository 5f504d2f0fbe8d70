package org.pgmigrator.core.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.copy.DatabaseDump.Part;
import org.pgmigrator.core.copy.DatabaseRestore.Section;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.compare.DatabaseComparison;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Rows straight from one server to the other, in parts that are there as a whole or not at all.
@ExtendWith(SharedServers.class)
class RowCopyIT {

    private static PostgresServer sourceServer;
    private static PostgresServer targetServer;

    @TempDir
    Path workDir;

    private CopyPair pair;

    @BeforeAll
    static void startServers(ServerPool servers) {
        sourceServer = servers.source(15);
        targetServer = servers.target(17);
    }

    @BeforeEach
    void createDatabases() throws Exception {
        pair = new CopyPair(sourceServer, targetServer, workDir);
    }

    /// Marks that only this test sees.
    private static class Marks implements DoneMarks {
        final List<RowUnit> marked = Collections.synchronizedList(new ArrayList<>());

        @Override
        public boolean isDone(Connection target, RowUnit unit) {
            return marked.contains(unit);
        }

        @Override
        public void mark(Connection target, RowUnit unit, long rows) throws SQLException {
            marked.add(unit);
        }
    }

    /// What happens between the definitions and the rows, and after them.
    private interface Between {
        void at(String snapshot, List<RowUnit> plan, FinishedDump dump) throws Exception;
    }

    private void definitionsThen(long rangePages, Between rows) throws Exception {
        try (Connection holder = sourceServer.connect(pair.sourceName);
                DumpFolder folder = DumpFolder.create(pair.config())) {
            String snapshot = CopyPair.exportSnapshot(holder);
            FinishedDump dump = new DatabaseDump(
                            pair.config(), pair.filter, pair.source, pair.tools(), pair.events::add)
                    .run(Part.DEFINITIONS, Optional.of(snapshot), Set.of("pg_migrator"), folder);
            restore(dump, Section.PRE_DATA, Set.of());
            rows.at(snapshot, RowPlan.make(holder, dump, pair.filter, rangePages), dump);
        }
    }

    private void restore(FinishedDump dump, Section section, Set<PostData.Source> there) throws Exception {
        new DatabaseRestore(pair.config(), pair.filter, pair.target, pair.tools(), pair.events::add)
                .run(dump, List.of(section), there);
    }

    private void copy(String snapshot, List<RowUnit> plan, DoneMarks marks, RowCopy.Patience patience)
            throws InterruptedException {
        new RowCopy(pair.config(), pair.source, pair.target, pair.events::add)
                .run(snapshot, plan, List.of(), marks, patience);
    }

    private static void impatient(RowUnit unit, MigrationException lost) {
        throw lost;
    }

    private List<String> differences() throws Exception {
        return new DatabaseComparison()
                        .compare(
                                () -> sourceServer.connect(pair.sourceName),
                                () -> targetServer.connect(pair.targetName))
                        .differences()
                        .stream()
                        .map(Object::toString)
                        .toList();
    }

    @Test
    void everyTableIsCopiedWholeInRangesOfItsPages() throws Exception {
        pair.onSource(CopyIT.RICH);
        pair.onSource(
                "create table public.none ()",
                "insert into public.none select from generate_series(1, 3)",
                "create table public.computed (a integer generated always as (1) stored)",
                "insert into public.computed default values",
                "create table public.parent (id integer)",
                "create table public.heir () inherits (public.parent)",
                "insert into public.parent select generate_series(1, 1000)",
                "insert into public.heir select generate_series(1001, 3000)",
                "create table public.names (c regclass, x xml)",
                "insert into public.names values ('pg_class', '<a/>'), (null, 'text<b/>')",
                "analyze");
        definitionsThen(2, (snapshot, plan, dump) -> {
            pair.onSource("insert into public.parent values (-1)", "delete from public.heir");
            assertThat(plan).anyMatch(unit -> unit.endPage().isPresent());
            copy(snapshot, plan, new Marks(), RowCopyIT::impatient);
            restore(dump, Section.POST_DATA, Set.of());
        });
        pair.onSource(
                "delete from public.parent where id = -1",
                "insert into public.heir select generate_series(1001, 3000)");
        // Neither is a part of the rows.
        pair.onTarget("select nextval('public.descending')", "select setval('app.t_id_seq', 2000)");
        assertThat(differences()).filteredOn(line -> !line.contains("equence")).isEmpty();
        assertThat(pair.targetValue("select count(*) from only public.parent")).isEqualTo("1000");
        assertThat(pair.targetValue("select count(*) from public.none")).isEqualTo("3");
        assertThat(pair.targetValue("select n from public.mv")).isEqualTo("2");
    }

    @Test
    void ofAnExtensionsTableOnlyWhatTheExtensionHasNotBroughtIsCopiedAndOnce() throws Exception {
        pair.onSource(
                "create extension hstore",
                "create table public.settings (name text, ours boolean)",
                "alter extension hstore add table public.settings",
                "update pg_extension set extconfig = array['public.settings'::regclass::oid],"
                        + " extcondition = array['where not ours'] where extname = 'hstore'",
                "insert into public.settings values ('built in', true), ('mine', false), ('mine', false)");
        definitionsThen(RowPlan.RANGE_PAGES, (snapshot, plan, dump) -> {
            pair.onTarget(
                    "create table public.settings (name text, ours boolean)",
                    "insert into public.settings values ('built in', true)");
            assertThat(plan).hasSize(1);
            copy(snapshot, plan, new Marks(), RowCopyIT::impatient);
        });
        assertThat(pair.targetRows("select name from public.settings order by 1"))
                .containsExactly("built in", "mine", "mine");
    }

    @Test
    void aPartThatCannotBeMarkedLeavesNoRows() throws Exception {
        pair.onSource("create table public.t as select generate_series(1, 100) as i");
        definitionsThen(RowPlan.RANGE_PAGES, (snapshot, plan, dump) -> {
            DoneMarks refusing = new Marks() {
                @Override
                public void mark(Connection target, RowUnit unit, long rows) {
                    throw new MigrationException(Failure.of(FailureKind.TARGET_IN_USE, rows + " rows", ""));
                }
            };
            assertThatThrownBy(() -> copy(snapshot, plan, refusing, RowCopyIT::impatient))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("100 rows");
        });
        assertThat(pair.targetValue("select count(*) from public.t")).isEqualTo("0");
    }

    @Test
    void whoHasPatienceHearsThatAPartIsThereWhichHadToBeTriedAgain() throws Exception {
        pair.onSource(
                "create table public.again as select generate_series(1, 100) as i",
                "create table public.once as select generate_series(1, 100) as i");
        definitionsThen(RowPlan.RANGE_PAGES, (snapshot, plan, dump) -> {
            List<String> heard = Collections.synchronizedList(new ArrayList<>());
            AtomicInteger tried = new AtomicInteger();
            Marks full = new Marks() {
                @Override
                public void mark(Connection target, RowUnit unit, long rows) throws SQLException {
                    if (unit.table().name().equals("again") && tried.incrementAndGet() <= 2) {
                        throw new SQLException("No space left on device", "53100");
                    }
                    super.mark(target, unit, rows);
                }
            };
            copy(snapshot, plan, full, new RowCopy.Patience() {
                @Override
                public void afterLoss(RowUnit unit, MigrationException lost) {
                    heard.add(unit + " " + lost.failure().kind());
                }

                @Override
                public void isMadeGood(RowUnit unit) {
                    heard.add(unit + " is there: " + full.marked.contains(unit));
                }
            });
            assertThat(heard)
                    .containsExactly(
                            "public.again TARGET_DISK_FULL",
                            "public.again TARGET_DISK_FULL",
                            "public.again is there: true");
        });
        assertThat(pair.targetValue("select count(*) from public.again")).isEqualTo("100");
    }

    /// Whatever it dies of, and while another worker has all its parts done.
    @Test
    void aWorkerThatDiesFailsTheCopyAndItsRowsAreNotThere() throws Exception {
        pair.onSource(
                "create table public.fatal as select generate_series(1, 100) as i",
                "create table public.fine as select generate_series(1, 100) as i");
        definitionsThen(RowPlan.RANGE_PAGES, (snapshot, plan, dump) -> {
            for (Throwable death : List.of(
                    new OutOfMemoryError("no heap"),
                    new IllegalStateException("a bug"),
                    new AssertionError("a doubt"))) {
                pair.onTarget("truncate public.fine");
                Marks dying = new Marks() {
                    @Override
                    public void mark(Connection target, RowUnit unit, long rows) throws SQLException {
                        if (unit.table().toString().contains("fatal")) {
                            throw RowCopyIT.<RuntimeException>as(death);
                        }
                        super.mark(target, unit, rows);
                    }
                };
                assertThatThrownBy(() -> copy(snapshot, plan, dying, RowCopyIT::impatient))
                        .isInstanceOfSatisfying(MigrationException.class, failed -> {
                            assertThat(failed.failure().kind()).isEqualTo(FailureKind.BUG);
                            assertThat(failed.failure().why()).contains(String.valueOf(death.getMessage()));
                        });
                assertThat(dying.marked)
                        .noneMatch(unit -> unit.table().toString().contains("fatal"));
                assertThat(pair.targetValue("select count(*) from public.fatal"))
                        .isEqualTo("0");
            }
        });
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T extends Throwable> T as(Throwable any) throws T {
        throw (T) any;
    }

    @Test
    void aSessionThatIsLostBeforeItsCommitIsMadeAnewAndTheRowsAreThereOnce() throws Exception {
        pair.onSource("create table public.t as select generate_series(1, 100) as i");
        definitionsThen(RowPlan.RANGE_PAGES, (snapshot, plan, dump) -> {
            List<String> lost = Collections.synchronizedList(new ArrayList<>());
            DoneMarks ending = new Marks() {
                @Override
                public boolean isDone(Connection target, RowUnit unit) {
                    return false;
                }

                @Override
                public void mark(Connection target, RowUnit unit, long rows) throws SQLException {
                    if (lost.isEmpty()) {
                        target.createStatement().execute("select pg_terminate_backend(pg_backend_pid())");
                    }
                }
            };
            copy(
                    snapshot,
                    plan,
                    ending,
                    (unit, failed) -> lost.add(failed.failure().what()));
            assertThat(lost).hasSize(1);
        });
        assertThat(pair.targetValue("select count(*) from public.t")).isEqualTo("100");
    }

    @Test
    void aPartWhoseCommitWasNotAnsweredIsNotCopiedTwice() throws Exception {
        pair.onSource("create table public.t as select generate_series(1, 100) as i");
        definitionsThen(RowPlan.RANGE_PAGES, (snapshot, plan, dump) -> {
            Marks marks = new Marks() {
                @Override
                public void mark(Connection target, RowUnit unit, long rows) throws SQLException {
                    // Committed, and the answer never heard.
                    target.commit();
                    super.mark(target, unit, rows);
                    target.createStatement().execute("select pg_terminate_backend(pg_backend_pid())");
                }
            };
            copy(snapshot, plan, marks, (unit, failed) -> {});
            assertThat(marks.marked).hasSize(1);
        });
        assertThat(pair.targetValue("select count(*) from public.t")).isEqualTo("100");
    }

    @Test
    void aRefusedRowIsToldWithItsTableAndWithoutItsValues() throws Exception {
        pair.onSource("create table public.t as select 'secret' || i as v from generate_series(1, 100) i");
        definitionsThen(RowPlan.RANGE_PAGES, (snapshot, plan, dump) -> {
            pair.onTarget("alter table public.t add check (v <> 'secret7')");
            assertThatThrownBy(() -> copy(snapshot, plan, new Marks(), RowCopyIT::impatient))
                    .isInstanceOfSatisfying(MigrationException.class, failed -> {
                        assertThat(failed.failure().kind()).isEqualTo(FailureKind.RESTORE_FAILED);
                        assertThat(failed.failure().what()).contains("public.t");
                        assertThat(failed.failure().toString()).doesNotContain("secret");
                    });
        });
    }

    @Test
    void whoKeepsTheCopyFromATableIsNamed() throws Exception {
        pair.onSource(
                "create table public.t as select generate_series(1, 100) as i",
                "create table public.larger as select generate_series(1, 10000) as i");
        pair.jobs = 1;
        definitionsThen(RowPlan.RANGE_PAGES, (snapshot, plan, dump) -> {
            RowCopy copy = new RowCopy(pair.config(), pair.source, pair.target, pair.events::add, "200ms");
            try (Connection other = sourceServer.connect(pair.sourceName);
                    Statement statement = other.createStatement()) {
                other.setAutoCommit(false);
                statement.execute("set application_name = 'nightly job'");
                Marks locking = new Marks() {
                    @Override
                    public void mark(Connection target, RowUnit unit, long rows) throws SQLException {
                        statement.execute("lock table public.t in access exclusive mode");
                    }
                };
                assertNamesTheJob(
                        () -> copy.run(snapshot, plan, List.of(), locking, RowCopyIT::impatient), "rows of public.t");
                // Before the first row too, where the tables are looked at.
                assertNamesTheJob(
                        () -> copy.run(snapshot, plan, List.of(), new Marks(), RowCopyIT::impatient), "tables");
            }
        });
    }

    private static void assertNamesTheJob(ThrowingCallable copy, String what) {
        assertThatThrownBy(copy).isInstanceOfSatisfying(MigrationException.class, failed -> {
            assertThat(failed.failure().kind()).isEqualTo(FailureKind.DUMP_FAILED);
            assertThat(failed.failure().what()).contains(what);
            assertThat(failed.failure().why())
                    .contains(
                            "\"nightly job\"",
                            "user " + sourceServer.superuser(),
                            "pid ",
                            "s in its transaction",
                            "holds an exclusive lock on public.t");
            assertThat(failed.failure().remedy().toString()).contains("pg_terminate_backend");
        });
    }

    @Test
    void tablesOfExtensionsAreCopiedAfterThoseTheyPointToAlsoInSchemasOfTheirOwn() throws Exception {
        for (boolean source : List.of(true, false)) {
            String name = source ? pair.sourceName : pair.targetName;
            (source ? sourceServer : targetServer)
                    .execute(
                            name,
                            "set allow_system_table_mods = on",
                            "create extension hstore",
                            "create schema pg_own",
                            "create table pg_own.z_part (id integer primary key)",
                            "create table pg_own.a_sub (id integer references pg_own.z_part)",
                            "alter extension hstore add table pg_own.z_part",
                            "alter extension hstore add table pg_own.a_sub",
                            "update pg_extension set extconfig = array['pg_own.a_sub', 'pg_own.z_part']::regclass[]::oid[],"
                                    + " extcondition = array['', 'where id > 0'] where extname = 'hstore'");
        }
        pair.onSource(
                "insert into pg_own.z_part select generate_series(-1000, 20000)",
                "insert into pg_own.a_sub select generate_series(1, 20000)");
        pair.jobs = 4;
        definitionsThen(
                RowPlan.RANGE_PAGES, (snapshot, plan, dump) -> copy(snapshot, plan, new Marks(), RowCopyIT::impatient));
        assertThat(pair.targetValue("select count(*) from pg_own.z_part")).isEqualTo("20000");
        assertThat(pair.targetValue("select count(*) from pg_own.a_sub")).isEqualTo("20000");
    }

    @Test
    void whatIsThereOfTheDefinitionsBehindTheRowsIsKeptAndTheRestMade() throws Exception {
        pair.onSource(CopyIT.RICH);
        pair.onSource(
                "create table public.k (i integer primary key, j integer unique, exclude using gist (int4range(i, j) with &&))",
                "create index \"In dex\" on public.k (j) where i > 1",
                "create statistics public.st on i, j from public.k",
                "create rule ru as on insert to public.k where new.i = 5 do instead nothing",
                "create policy po on public.k using (i > 0)",
                "alter table public.k enable row level security",
                "create index on public.part (d)",
                // What needs a primary key is behind the rows.
                "create table public.grouped (id integer primary key, v text)",
                "create view public.gv as select id, v, count(*) as n from public.grouped group by id",
                "create materialized view public.gm as select id, v, count(*) as n from public.grouped group by id",
                "create index on public.gm (n)",
                "alter materialized view public.gm owner to pg_read_all_data",
                "create view public.gmv as select n from public.gm",
                "create function public.gf(bigint) returns bigint begin atomic"
                        + " select n from (select id, v, count(*) as n from public.grouped group by id) g where id = $1; end",
                "create procedure public.gp() begin atomic"
                        + " select n from (select id, v, count(*) as n from public.grouped group by id) g; end");
        definitionsThen(RowPlan.RANGE_PAGES, (snapshot, plan, dump) -> {
            copy(snapshot, plan, new Marks(), RowCopyIT::impatient);
            restore(dump, Section.POST_DATA, Set.of());
            String everything =
                    "select classid::regclass || ' ' || objid || coalesce(' ' || (pg_identify_object(classid, objid,"
                            + " 0)).identity, '') from (select 'pg_class'::regclass classid, oid"
                            + " objid from pg_class where relkind in ('i', 'I', 'm', 'v') and oid > 16383"
                            + " and relnamespace <> 'pg_toast'::regnamespace union all select"
                            + " 'pg_proc'::regclass, oid from pg_proc where oid > 16383 union all select"
                            + " 'pg_constraint'::regclass, oid from pg_constraint where oid > 16383 union all select"
                            + " 'pg_trigger'::regclass, oid from pg_trigger union all select 'pg_policy'::regclass, oid from"
                            + " pg_policy union all select 'pg_rewrite'::regclass, oid from pg_rewrite where oid > 16383) x"
                            + " order by 1";
            List<String> before = pair.targetRows(everything);
            assertThat(PostData.keep(dump, pair.source, pair.target, true, Set.of()))
                    .isNotEmpty();
            restore(dump, Section.POST_DATA, PostData.keep(dump, pair.source, pair.target, true, Set.of()));
            assertThat(pair.targetRows(everything)).isEqualTo(before);

            for (String drop : List.of(
                    "drop index public.\"In dex\"",
                    "drop trigger tr on public.child",
                    "alter table public.child drop constraint child_t_fkey",
                    "drop policy po on public.k",
                    "drop function public.gf",
                    // As it is where the copy was cut off before the owner was set.
                    "alter materialized view public.gm owner to " + sourceServer.superuser())) {
                pair.onTarget(drop);
            }
            restore(dump, Section.POST_DATA, PostData.keep(dump, pair.source, pair.target, true, Set.of()));
            assertThat(pair.targetRows(everything)).hasSameSizeAs(before);
            assertThat(pair.targetRows(everything).stream().filter(before::contains))
                    .hasSizeLessThan(before.size());
            assertThat(pair.targetValue("select matviewowner from pg_matviews where matviewname = 'gm'"))
                    .isEqualTo("pg_read_all_data");
        });
        assertThat(Stream.of("select stxname from pg_statistic_ext", "select pubname from pg_publication")
                        .map(query -> {
                            try {
                                return pair.targetRows(query);
                            } catch (SQLException failed) {
                                throw new AssertionError(failed);
                            }
                        })
                        .toList())
                .containsExactly(List.of("st"), List.of("theirs"));
    }
}
