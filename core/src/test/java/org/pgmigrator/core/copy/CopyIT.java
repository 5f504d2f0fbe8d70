package org.pgmigrator.core.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent.CopyProgress;
import org.pgmigrator.core.progress.ProgressEvent.Warning;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.compare.DatabaseComparison;
import org.pgmigrator.sandbox.server.PostgresServer;

@ExtendWith(SharedServers.class)
class CopyIT {

    /// Something of everything that a dump carries, and ours, which it must not.
    static final String[] RICH = {
        "create schema app",
        "create schema \"My.Sch\"\"ema\"",
        "create schema pgmigrator",
        "create extension hstore schema app",
        "create type app.mood as enum ('sad', 'Very \"ok\"')",
        "create domain app.positive as integer check (value > 0)",
        "create type app.pair as (a integer, b text)",
        "create table app.t (id integer generated always as identity primary key, h app.hstore, m app.mood, "
                + "p app.positive, c app.pair[], twice integer generated always as (p * 2) stored, b bytea)",
        "insert into app.t (h, m, p, c, b) select 'a=>1', 'sad', i, array[row(i, E'x\\ty')::app.pair], "
                + "decode(repeat('ab', i), 'hex') from generate_series(1, 2000) i",
        "create table \"My.Sch\"\"ema\".\"Ta ble*.$x\\[b]?\" (id serial primary key, \"Co\"\"l\" text)",
        "insert into \"My.Sch\"\"ema\".\"Ta ble*.$x\\[b]?\" (\"Co\"\"l\") values (''), (null), (E'\\\\N')",
        "create table pgmigrator.progress (i integer)",
        "create table public.child (id integer primary key, t integer references app.t)",
        "insert into public.child values (1, 1), (2, 2)",
        "create table public.part (id integer, d date, primary key (id, d)) partition by range (d)",
        "create table public.part1 partition of public.part for values from ('2020-01-01') to ('2021-01-01')",
        "create table public.part2 partition of public.part default",
        "insert into public.part select i, date '2020-06-01' + i from generate_series(1, 500) i",
        "create unlogged table public.unlogged as select 1 as i",
        "create materialized view public.mv as select count(*) as n from public.child",
        "create view public.v as select * from app.t",
        "create function public.f() returns trigger language plpgsql as 'begin return new; end'",
        "create trigger tr before insert on public.child for each row execute function public.f()",
        "create sequence public.descending increment -3 minvalue -1000 maxvalue 10 start 10",
        "select nextval('public.descending')",
        "comment on table public.child is 'a comment; with -- everything'",
        "create publication pg_migrator for table app.t, \"My.Sch\"\"ema\".\"Ta ble*.$x\\[b]?\"",
        "comment on publication pg_migrator is 'ours'",
        "create publication theirs for table public.child",
        "select lo_from_bytea(4711, 'large')",
        "analyze",
    };

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

    @Test
    void copiesTheSnapshotWholeAndNothingOfOurs() throws Exception {
        pair.onSource(RICH);
        try (Connection holder = sourceServer.connect(pair.sourceName);
                DumpFolder folder = DumpFolder.create(pair.config())) {
            String snapshot = CopyPair.exportSnapshot(holder);
            pair.onSource("insert into app.t (m, p) values ('sad', 1)", "create table public.later (i integer)");
            FinishedDump dump = pair.dump(Optional.of(snapshot), folder);
            assertThat(dump.tables()).isEqualTo(6);
            pair.restore(dump);
        }

        pair.onSource("delete from app.t where id > 2000", "drop table public.later");
        assertThat(new DatabaseComparison()
                        .compare(
                                () -> sourceServer.connect(pair.sourceName),
                                () -> targetServer.connect(pair.targetName))
                        .differences())
                .isEmpty();
        assertThat(pair.targetRows("select pubname from pg_publication")).containsExactly("theirs");
        assertThat(pair.targetValue("select count(*) from pg_namespace where nspname = 'pgmigrator'"))
                .isEqualTo("0");
        assertThat(pair.targetValue("select convert_from(lo_get(4711), 'UTF8')"))
                .isEqualTo("large");
        assertThat(pair.targetValue("select n from public.mv")).isEqualTo("2");
        assertThat(pair.targetValue("select count(*) from pg_trigger where tgname = 'tr'"))
                .isEqualTo("1");
        assertThat(pair.targetValue("select attidentity from pg_attribute where attrelid = 'app.t'::regclass "
                        + "and attname = 'id'"))
                .isEqualTo("a");
        assertThat(pair.targetValue("select nextval('public.descending')")).isEqualTo("7");
        assertThat(workDir).isEmptyDirectory();
    }

    @Test
    void reportsProgressThatNeverGoesBackAndEndsAtTheWhole() throws Exception {
        pair.onSource(RICH);

        pair.copy();

        for (Phase phase : List.of(Phase.DUMP, Phase.RESTORE)) {
            List<CopyProgress> progress = pair.eventsOf(CopyProgress.class).stream()
                    .filter(event -> event.phase() == phase)
                    .toList();
            assertThat(progress)
                    .hasSizeGreaterThanOrEqualTo(2)
                    .isSortedAccordingTo((first, second) -> Long.compare(first.bytesDone(), second.bytesDone()));
            assertThat(progress.subList(0, progress.size() - 1))
                    .allMatch(event ->
                            event.bytesDone() < event.bytesTotal() && event.objectsDone() < event.objectsTotal());
            assertThat(progress.getLast().bytesTotal()).isPositive();
            assertThat(progress.getLast())
                    .matches(event ->
                            event.bytesDone() == event.bytesTotal() && event.objectsDone() == event.objectsTotal());
        }
        assertThat(pair.eventsOf(Warning.class)).isEmpty();
    }

    @Test
    void copiesWithOneWorkerAsWell() throws Exception {
        pair.onSource(RICH);
        pair.jobs = 1;

        pair.copy();

        assertThat(new DatabaseComparison()
                        .compare(
                                () -> sourceServer.connect(pair.sourceName),
                                () -> targetServer.connect(pair.targetName))
                        .differences())
                .isEmpty();
    }

    @Test
    void gathersStatisticsOfEveryTable() throws Exception {
        pair.onSource(RICH);
        pair.copy();

        new TargetStatistics(pair.config(), pair.filter, pair.target, pair.events::add).gather();

        assertThat(pair.targetRows("""
                select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in ('r', 'p', 'm')
                      and c.reltuples < 0
                """)).isEmpty();
        assertThat(pair.eventsOf(Warning.class)).isEmpty();
    }

    @Test
    void carriesAnIncludedTableWithItsSchemaTypesExtensionsAndPartitions() throws Exception {
        pair.onSource(RICH);
        pair.onSource("create table app.not_wanted (i integer)", "create sequence app.also_not_wanted");
        pair.filter = new FilterConfig(
                List.of("My.Sch\"ema"),
                List.of(),
                List.of(new QualifiedName("app", "t"), new QualifiedName("public", "part")),
                List.of());

        pair.copy();

        assertThat(relations())
                .containsExactly(
                        "My.Sch\"ema.Ta ble*.$x\\[b]?",
                        "My.Sch\"ema.Ta ble*.$x\\[b]?_id_seq",
                        "app.t",
                        "app.t_id_seq",
                        "public.part",
                        "public.part1",
                        "public.part2");
        assertThat(pair.targetValue("select count(*) from app.t")).isEqualTo("2000");
        assertThat(pair.targetValue("select count(*) from public.part")).isEqualTo("500");
        assertThat(pair.targetValue("select extname from pg_extension where extname <> 'plpgsql'"))
                .isEqualTo("hstore");
        assertThat(pair.eventsOf(Warning.class))
                .extracting(Warning::text)
                .anyMatch(text -> text.contains("Large objects are not copied"));
    }

    @Test
    void leavesOutAnExcludedTableOfAnAwkwardNameAndTheForeignKeysToIt() throws Exception {
        pair.onSource(
                "create schema \"S.1\"",
                "create table \"S.1\".\"a.b\" (id serial primary key)",
                "create table \"S.1\".\"axb\" (i integer)",
                "create table \"S.1\".\"A.b\" (i integer)",
                "create table \"S.1\".\"st*r\" (i integer)",
                "create table \"S.1\".\"star\" (i integer references \"S.1\".\"a.b\")",
                "create table \"S.1\".\"q\"\"?$\\(x|y)\" (i integer)");
        pair.filter = new FilterConfig(
                List.of(),
                List.of(),
                List.of(),
                List.of(
                        new QualifiedName("S.1", "a.b"),
                        new QualifiedName("S.1", "st*r"),
                        new QualifiedName("S.1", "q\"?$\\(x|y)")));

        pair.copy();

        assertThat(relations()).containsExactly("S.1.A.b", "S.1.axb", "S.1.star");
        assertThat(pair.eventsOf(Warning.class))
                .extracting(Warning::text)
                .containsExactly("The foreign key star_i_fkey of \"S.1\".star is not made on the target, because "
                        + "\"S.1\".\"a.b\" is not copied.");
    }

    @Test
    void refusesAFilterThatNamesWhatIsNotThere() throws Exception {
        pair.filter = new FilterConfig(List.of("nowhere"), List.of(), List.of(), List.of());

        Failure failure = failureOf(pair::copy);

        assertThat(failure.kind()).isEqualTo(FailureKind.USAGE);
        assertThat(failure.why()).contains("no schema \"nowhere\"");
        assertThat(workDir).isEmptyDirectory();
    }

    @Test
    void failsWithTheObjectThatIsInTheWayBeforeAnyRowIsCopied() throws Exception {
        pair.onSource("create table public.t (i integer)", "insert into public.t values (1)");
        pair.onTarget("create table public.t (other text)");

        Failure failure = failureOf(pair::copy);

        assertThat(failure.kind()).isEqualTo(FailureKind.RESTORE_FAILED);
        assertThat(failure.what()).contains("an error", "pre-data", pair.targetName);
        assertThat(failure.why()).contains("TABLE public t", "relation \"t\" already exists");
        assertThat(failure.remedy()).anyMatch(step -> step.contains("--drop-target-first"));
        assertThat(workDir).isEmptyDirectory();
    }

    @Test
    void warnsOfAllowedErrorsAndCopiesTheRest() throws Exception {
        pair.onSource("create table public.t (i integer)", "insert into public.t values (1)");
        pair.onSource("create table public.u (i integer primary key)", "insert into public.u values (1), (2)");
        pair.onTarget("create table public.t (other text)");
        pair.allowRestoreErrors = true;

        pair.copy();

        assertThat(pair.targetValue("select count(*) from public.u")).isEqualTo("2");
        assertThat(pair.eventsOf(Warning.class))
                .hasSize(2)
                .allMatch(warning -> warning.text().contains("--allow-restore-errors"));
    }

    @Test
    void tellsAMissingRoleWithItsRemedy() throws Exception {
        sourceServer.execute("postgres", "create role only_on_source");
        pair.onSource("create table public.t (i integer)", "grant select on public.t to only_on_source");

        Failure failure = failureOf(pair::copy);

        assertThat(failure.why()).contains("role \"only_on_source\" does not exist");
        assertThat(failure.remedy()).anyMatch(step -> step.contains("--no-acl"));
    }

    @Test
    void saysThatTheSnapshotIsGone() throws Exception {
        pair.onSource("create table public.t (i integer)");
        String snapshot;
        try (Connection holder = sourceServer.connect(pair.sourceName)) {
            snapshot = CopyPair.exportSnapshot(holder);
        }

        Failure failure = failureOf(() -> {
            try (DumpFolder folder = DumpFolder.create(pair.config())) {
                pair.dump(Optional.of(snapshot), folder);
            }
        });

        assertThat(failure.kind()).isEqualTo(FailureKind.SNAPSHOT_GONE);
    }

    private List<String> relations() throws Exception {
        return pair.targetRows("""
                select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in ('r', 'p', 'v', 'm', 'S')
                order by (n.nspname || '.' || c.relname) collate "C"
                """);
    }

    private static Failure failureOf(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        MigrationException exception = catchThrowableOfType(MigrationException.class, call);
        assertThat(exception).isNotNull();
        return exception.failure();
    }
}
