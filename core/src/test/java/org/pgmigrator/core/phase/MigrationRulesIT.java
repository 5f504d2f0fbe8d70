package org.pgmigrator.core.phase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.config.CutoverConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.ReplicationConfig.WithoutIdentity;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.MigrationPair.Killed;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.core.state.MigrationOrigin;
import org.pgmigrator.core.state.RoomRecord;
import org.pgmigrator.core.state.SourceServer;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.core.state.Undoing;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.Servers;

/// What must hold whatever happens between two steps of a migration: nothing is lost, nothing is left behind.
@ExtendWith(SharedServers.class)
class MigrationRulesIT {

    private static PostgresServer sourceServer;
    private static PostgresServer targetServer;

    @TempDir
    Path workDir;

    private MigrationPair pair;

    @BeforeAll
    static void startServers(ServerPool servers) {
        sourceServer = servers.source(15);
        targetServer = servers.target(17);
    }

    @BeforeEach
    void createDatabases() throws Exception {
        pair = new MigrationPair(sourceServer, targetServer, workDir);
        pair.onSource(
                "create table public.t (id bigint generated always as identity primary key, v text)",
                "insert into public.t (v) select 'row ' || i from generate_series(1, 100) i");
    }

    @Test
    void aTableThatIsCreatedAfterTheChecksIsNeverLeftOutInSilence() throws Exception {
        pair.hook = event -> {
            if (MigrationPair.isPhase(event, Phase.PREPARE_SNAPSHOT)) {
                pair.onSource("create table public.late (id int primary key)", "insert into public.late values (1)");
            } else if (MigrationPair.isPhase(event, Phase.RESTORE)) {
                pair.onSource("insert into public.late values (2)");
            }
        };

        MigrationException refused = catchThrowableOfType(MigrationException.class, pair::migrate);

        assertThat(refused).isNotNull();
        assertThat(refused.failure().kind()).isEqualTo(FailureKind.CATALOG_CHANGED);
        assertThat(refused.failure().toString()).contains("public.late");
        assertThat(pair.leftOnSource()).isEqualTo("0 slots, 0 publications");
    }

    @Test
    void aResumeAfterTheTargetWasOpenedOnlyCleansUp() throws Exception {
        pair.hook = event -> {
            if (MigrationPair.isStep(event, "open target")) {
                throw new Killed();
            }
        };
        assertThat(catchThrowable(pair::migrate)).isInstanceOf(Killed.class);
        // The application has moved to the target.
        pair.onTarget("insert into public.t (v) select 'new ' || i from generate_series(1, 50) i");

        pair.hook = event -> {};
        pair.resume = true;
        pair.control = new OperatorControl();
        pair.migrate();

        pair.onTarget("insert into public.t (v) values ('after the resume')");
        assertThat(pair.targetValue("select count(*) from public.t")).isEqualTo("151");
        assertThat(pair.leftOnSource()).isEqualTo("0 slots, 0 publications");
        assertThat(pair.targetValue("select count(*) from pg_namespace where nspname = 'pgmigrator'"))
                .isEqualTo("0");
    }

    @Test
    void aLostSessionOfTheStateLeavesNothingOnTheSource() throws Exception {
        pair.hook = event -> {
            if (MigrationPair.isPhase(event, Phase.DUMP)) {
                pair.onTarget("select pg_terminate_backend(pid) from pg_stat_activity"
                        + " where datname = current_database() and application_name = 'pg-migrator state (it)'");
            } else if (MigrationPair.isPhase(event, Phase.RESTORE)) {
                pair.onTarget("set default_transaction_read_only = off", "create table public.t (obstacle int)");
            }
        };

        MigrationException failed = catchThrowableOfType(MigrationException.class, pair::migrate);

        assertThat(failed).isNotNull();
        assertThat(pair.leftOnSource()).as(failed.failure().toString()).isEqualTo("0 slots, 0 publications");
        assertThat(failed.failure().state()).contains("nothing of ours left");
    }

    @Test
    void aTargetThatIsGoneDuringTheCopyLeavesNothingOnTheSource() throws Exception {
        PostgresServer shortLived = Servers.start(17);
        try (shortLived) {
            MigrationPair doomed = new MigrationPair(sourceServer, shortLived, workDir);
            doomed.onSource("create table public.t (id int primary key)");
            doomed.hook = event -> {
                if (MigrationPair.isPhase(event, Phase.RESTORE)) {
                    shortLived.close();
                }
            };

            MigrationException failed = catchThrowableOfType(MigrationException.class, doomed::migrate);

            assertThat(failed).isNotNull();
            assertThat(doomed.leftOnSource()).as(failed.failure().toString()).isEqualTo("0 slots, 0 publications");
            assertThat(failed.failure().state())
                    .doesNotContain("nothing was created")
                    .contains("pgmigrator");
        }
    }

    @Test
    void aTransactionThatIsStillWritingOnTheSourceHoldsTheCutoverBack() throws Exception {
        pair.timeout = Duration.ofSeconds(3);
        try (Connection writer = sourceServer.connect(pair.name);
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            pair.hook = event -> {
                if (event instanceof ProgressEvent.CaughtUp) {
                    statement.execute("insert into public.t (v) values ('not yet committed')");
                }
            };

            MigrationException refused = catchThrowableOfType(MigrationException.class, pair::migrate);

            assertThat(refused).isNotNull();
            assertThat(refused.failure().kind()).isEqualTo(FailureKind.SOURCE_LOCK_NOT_GRANTED);
            assertThat(refused.failure().why()).contains("public.t");
            assertThat(refused.failure().state()).contains("the source is serving");
            writer.commit();
        }
        pair.hook = event -> {};
        pair.resume = true;
        pair.control = new OperatorControl();
        pair.migrate();
        assertThat(pair.targetValue("select count(*) from public.t")).isEqualTo("101");
    }

    @Test
    void insertsDuringTheCutoverAreNoDifferenceOfAnInsertOnlyTable() throws Exception {
        pair.withoutIdentity = WithoutIdentity.INSERT_ONLY;
        pair.sourceLock = new SourceLockConfig(SourceLockConfig.Mode.NONE, Optional.empty());
        pair.onSource("create table public.log (line text)");
        boolean[] done = {false};
        pair.hook = event -> {
            if (MigrationPair.isStep(event, "sequences") && !done[0]) {
                done[0] = true;
                pair.onSource("insert into public.log select 'line ' || i from generate_series(1, 30000) i");
            }
        };

        pair.migrate();

        assertThat(pair.targetValue("select count(*) from public.log")).isEqualTo("30000");
    }

    @Test
    void anIncludedPartitionedTableBringsTheChangesOfItsPartitions() throws Exception {
        pair.onSource(
                "create table public.p (id int primary key, s serial) partition by range (id)",
                "create table public.p_low partition of public.p for values from (0) to (100)",
                "create table public.p_high partition of public.p for values from (100) to (200)",
                "insert into public.p (id) select generate_series(1, 150)");
        pair.filter = new FilterConfig(List.of(), List.of(), List.of(new QualifiedName("public", "p")), List.of());
        pair.hook = event -> {
            if (MigrationPair.isPhase(event, Phase.RESTORE)) {
                pair.onSource(
                        "insert into public.p (id) select generate_series(151, 199)",
                        "delete from public.p where id = 1");
            }
        };

        pair.migrate();

        assertThat(pair.targetValue("select count(*) from public.p")).isEqualTo("198");
        assertThat(pair.targetValue("select last_value from public.p_s_seq")).isEqualTo("199");
    }

    /// What an enum's label is hashed by is its OID: on the target most rows belong to another partition.
    private void partitionsHashedByAnEnum(String rest) throws Exception {
        pair.onSource(
                "create type public.kind as enum ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j')",
                "create table public.hashed (id int, k public.kind" + rest + ") partition by hash (k)",
                "create table public.hashed_0 partition of public.hashed for values with (modulus 3, remainder 0)",
                "create table public.hashed_1 partition of public.hashed for values with (modulus 3, remainder 1)",
                "create table public.hashed_2 partition of public.hashed for values with (modulus 3, remainder 2)",
                "insert into public.hashed select i, (enum_range(null::public.kind))[1 + i % 10]"
                        + " from generate_series(1, 200) i");
    }

    private String placesOn(PostgresServer server) throws SQLException {
        return server.value(
                pair.name, "select string_agg(distinct k || tableoid::regclass::text, ' ') from public.hashed");
    }

    @Test
    void rowsThatAreHashedByWhatEachServerHasOfItsOwnAreWrittenToAndComparedByTheirTable() throws Exception {
        partitionsHashedByAnEnum(", primary key (id, k)");
        pair.onSource(
                "create table public.bare (m public.kind[]) partition by hash (m)",
                "create table public.bare_0 partition of public.bare for values with (modulus 2, remainder 0)",
                "create table public.bare_1 partition of public.bare for values with (modulus 2, remainder 1)",
                "insert into public.bare select array[k] from public.hashed");
        pair.withoutIdentity = WithoutIdentity.INSERT_ONLY;
        pair.verify = VerifyLevel.CONTENT;
        pair.hook = event -> {
            if (MigrationPair.isPhase(event, Phase.RESTORE)) {
                pair.onSource(
                        "update public.hashed set k = 'a' where id = 2",
                        "update public.hashed set id = -id where id between 10 and 80",
                        "delete from public.hashed where id = 3",
                        "insert into public.hashed select i, (enum_range(null::public.kind))[1 + i % 10]"
                                + " from generate_series(201, 300) i",
                        "insert into public.bare select array[k, k] from public.hashed");
            }
        };

        pair.migrate();

        assertThat(pair.targetValue("select count(*) || ' ' || sum(id) from public.hashed"))
                .isEqualTo(pair.sourceValue("select count(*) || ' ' || sum(id) from public.hashed"))
                .startsWith("299 ");
        assertThat(pair.targetValue("select count(*) from public.bare")).isEqualTo("499");
        assertThat(placesOn(targetServer))
                .as("the partitions were others, or this has shown nothing")
                .isNotEqualTo(placesOn(sourceServer));
    }

    @Test
    void suchAPartitionIsEmptiedWithAllOthersOrNotAtAll() throws Exception {
        partitionsHashedByAnEnum(", primary key (id, k)");
        pair.hook = event -> {
            if (MigrationPair.isPhase(event, Phase.STREAM_APPLY)) {
                pair.onSource(
                        "truncate public.hashed",
                        "insert into public.hashed values (1, 'a')",
                        "truncate public.hashed_1");
            }
        };

        MigrationException refused = catchThrowableOfType(MigrationException.class, pair::migrate);

        assertThat(refused.failure().what()).contains("public.hashed_1", "TRUNCATE", "but not public.hashed_0");
    }

    @Test
    void aSecondProcessCannotTakeOverARunningCopy() throws Exception {
        pair.hook = event -> {
            if (MigrationPair.isPhase(event, Phase.RESTORE)) {
                pair.hook = nothing -> {};
                boolean resume = pair.resume;
                OperatorControl first = pair.control;
                pair.resume = true;
                pair.control = new OperatorControl();
                MigrationException refused = catchThrowableOfType(MigrationException.class, pair::migrate);
                pair.resume = resume;
                pair.control = first;
                assertThat(refused).isNotNull();
                assertThat(refused.failure().kind()).isEqualTo(FailureKind.TARGET_IN_USE);
            }
        };

        pair.migrate();

        assertThat(pair.targetValue("select count(*) from public.t")).isEqualTo("100");
    }

    @Test
    void anIdentityIsNotTakenBackWhileItsTableIsPublished() throws Exception {
        pair.onSource(
                "create table public.keyless (i int)",
                "alter table public.keyless replica identity full",
                "create publication p for table public.keyless");
        Database source = Database.parse(Side.SOURCE, new Secret(sourceServer.uri(pair.name)), Map.of());
        Database target = Database.parse(Side.TARGET, new Secret(targetServer.uri(pair.name)), Map.of());
        try (StateStore state = StateStore.open(target, "it")) {
            state.begin(
                    new MigrationOrigin("", "s", new SourceServer("1", pair.name), FilterConfig.EVERYTHING),
                    new RoomRecord(true, Set.of()));
            state.undoLog(Side.SOURCE)
                    .willCreate(
                            "REPLICA IDENTITY FULL of public.keyless",
                            "ALTER TABLE public.keyless REPLICA IDENTITY DEFAULT");
            state.undoLog(Side.SOURCE).willCreate("publication \"p\"", "DROP PUBLICATION p_that_cannot_be_dropped");

            Undoing.Outcome outcome = Undoing.run(state, source);

            assertThat(outcome.left()).hasSize(2);
            assertThat(outcome.removed()).isEmpty();
        }
        pair.onSource("insert into public.keyless values (1)", "update public.keyless set i = 2");
    }

    @Test
    void aStopThatMeetsAConnectionAttemptIsAStop() {
        pair.hook = event -> {
            if (MigrationPair.isPhase(event, Phase.PREPARE_SNAPSHOT)) {
                pair.control.terminate();
            }
        };

        MigrationException stopped = catchThrowableOfType(MigrationException.class, pair::migrate);

        assertThat(stopped).isNotNull();
        assertThat(stopped.failure().kind())
                .as(stopped.failure().toString())
                .isEqualTo(FailureKind.STOPPED_BY_TERMINATE);
        assertThat(Thread.interrupted()).isFalse();
    }

    @Test
    void aStopEndsTheStreamInOrder() {
        pair.when = CutoverConfig.When.OPERATOR;
        pair.hook = event -> {
            if (event instanceof ProgressEvent.CaughtUp) {
                pair.control.terminate();
            }
        };

        MigrationException stopped = catchThrowableOfType(MigrationException.class, pair::migrate);

        assertThat(stopped).isNotNull();
        assertThat(stopped.failure().kind()).isEqualTo(FailureKind.STOPPED_BY_TERMINATE);
        assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
                .doesNotContain("applier", "wal-receiver");
    }

    @Test
    void anOfflineCopyOfOneTableSetsItsSequence() throws Exception {
        pair.onSource("create table public.other (id serial)", "insert into public.other default values");
        pair.mode = MigrationConfig.Mode.OFFLINE;
        pair.filter = new FilterConfig(List.of(), List.of(), List.of(new QualifiedName("public", "t")), List.of());
        pair.sequenceBuffer = 7;

        pair.migrate();

        assertThat(pair.targetValue("select last_value from public.t_id_seq")).isEqualTo("107");
    }

    @Test
    void aTableThatLeavesThePublicationHoldsTheCutoverBack() throws Exception {
        pair.hook = event -> {
            if (MigrationPair.isPhase(event, Phase.RESTORE)) {
                pair.onSource(
                        "alter publication " + pair.name + " drop table public.t",
                        "insert into public.t (v) values ('not sent')");
            }
        };

        MigrationException refused = catchThrowableOfType(MigrationException.class, pair::migrate);

        assertThat(refused).isNotNull();
        assertThat(refused.failure().kind()).isEqualTo(FailureKind.CUTOVER_NOT_COMPLETED);
        assertThat(refused.failure().why()).contains("public.t").contains("publication");
    }
}
