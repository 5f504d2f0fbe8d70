package org.pgmigrator.core.phase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.config.CutoverConfig;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.phase.MigrationPair.Killed;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;

/// What logical decoding does not carry is on the target after a whole migration, as it was on the source in the end.
@ExtendWith(SharedServers.class)
class NotStreamedIT {

    private static final List<String> QUERIES = List.of(
            "select oid, lo_get(oid) from pg_largeobject_metadata order by oid",
            "select * from cache order by id",
            "select * from totals",
            "select last_value, is_called from cache_id_seq");

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
                "create table t (id int primary key, v int)",
                "insert into t select i, i from generate_series(1, 100) i",
                "create unlogged table cache (id int generated always as identity primary key, key text,"
                        + " size int generated always as (length(key)) stored)",
                "insert into cache (key) select 'k' || i from generate_series(1, 10) i",
                "create materialized view totals as select count(*) as n, sum(v) as v from t",
                "select lo_from_bytea(oid, 'old') from generate_series(50001, 50010) oid");
    }

    private static final String[] CHANGES = {
        "select lo_put(50001, 0, 'new')",
        "select lo_unlink(50002)",
        "select lo_from_bytea(50011, 'another')",
        "delete from cache where id < 5",
        "insert into cache (key) values ('late')",
        "insert into t select i, i from generate_series(101, 150) i",
        "refresh materialized view totals",
    };

    private void requireEqual() throws Exception {
        for (String query : QUERIES) {
            assertThat(targetServer.rows(pair.name, query)).as(query).isEqualTo(sourceServer.rows(pair.name, query));
        }
        assertThat(pair.targetValue("select n from totals")).isEqualTo("150");
    }

    private List<String> details() {
        return pair.events.stream()
                .filter(ProgressEvent.CutoverStep.class::isInstance)
                .map(ProgressEvent.CutoverStep.class::cast)
                .filter(step -> List.of("unlogged tables", "large objects", "materialized views")
                        .contains(step.step()))
                .map(ProgressEvent.CutoverStep::detail)
                .toList();
    }

    @Test
    void everythingIsThereAfterTheCutover() throws Exception {
        pair.hook = event -> {
            if (MigrationPair.isPhase(event, Phase.STREAM_APPLY)) {
                pair.onSource(CHANGES);
            }
        };

        pair.migrate();

        requireEqual();
        assertThat(details()).hasSize(3);
        assertThat(details().get(0)).startsWith("1 copied again, 7 rows");
        assertThat(details().get(1)).endsWith("equal on both sides, under a lock");
        assertThat(details().get(2)).isEqualTo("1 refreshed");
    }

    /// The first process has prepared, and is killed under the lock, before or after its steps.
    @Test
    void aCutoverThatWasKilledIsRepeatedInFull() throws Exception {
        pair.hook = event -> {
            if (MigrationPair.isStep(event, "materialized views")) {
                throw new Killed();
            }
        };
        assertThat(catchThrowable(pair::migrate)).isInstanceOf(Killed.class);
        pair.onSource(CHANGES);

        pair.hook = event -> {};
        pair.resume = true;
        pair.control = new OperatorControl();
        pair.migrate();

        requireEqual();
    }

    @Test
    void withoutTheLockNothingIsClaimedToBeProved() throws Exception {
        pair.sourceLock = new SourceLockConfig(SourceLockConfig.Mode.NONE, Optional.empty());
        pair.hook = event -> {
            if (MigrationPair.isPhase(event, Phase.STREAM_APPLY)) {
                pair.onSource(CHANGES);
            }
        };

        pair.migrate();

        requireEqual();
        assertThat(details().get(1)).contains("not proved to be equal");
    }

    @Test
    void whileLargeObjectsAreComparedTheScreenGoesOn() throws Exception {
        try (Connection holder = targetServer.connect(pair.name);
                Statement statement = holder.createStatement()) {
            boolean[] heard = {false};
            pair.hook = event -> {
                if (MigrationPair.isPhase(event, Phase.CUTOVER)) {
                    holder.setAutoCommit(false);
                    statement.execute("lock table pg_largeobject in access exclusive mode");
                    // Nothing waits for ever, should the screen stand still.
                    Thread.ofPlatform().daemon().start(() -> releaseAfter(holder, Duration.ofSeconds(15)));
                } else if (event instanceof ProgressEvent.Lag lag && lag.phase() == Phase.CUTOVER && !heard[0]) {
                    heard[0] = !holder.getAutoCommit();
                    holder.rollback();
                    holder.setAutoCommit(true);
                }
            };

            pair.migrate();

            assertThat(heard[0])
                    .as("a heartbeat while the large objects were being compared")
                    .isTrue();
        }
        for (String query : QUERIES) {
            assertThat(targetServer.rows(pair.name, query)).as(query).isEqualTo(sourceServer.rows(pair.name, query));
        }
    }

    private static void releaseAfter(Connection holder, Duration time) {
        try {
            Thread.sleep(time);
            if (!holder.isClosed() && !holder.getAutoCommit()) {
                holder.rollback();
                holder.setAutoCommit(true);
            }
        } catch (InterruptedException | SQLException ended) {
            // The test is over.
        }
    }

    /// The stream goes on, and the next attempt brings over what has changed since.
    @Test
    void aCutoverThatWasGivenUpIsTriedAgain() throws Exception {
        pair.when = CutoverConfig.When.OPERATOR;
        pair.hook = event -> {
            if (!(event instanceof ProgressEvent.PhaseStarted phase)) {
                return;
            }
            if (phase.detail().equals("the stream goes on")) {
                pair.onSource(CHANGES);
                pair.onSource("drop materialized view late");
                pair.control.requestCutover();
            } else if (phase.phase() == Phase.STREAM_APPLY) {
                pair.onSource("create materialized view late as select 1");
                pair.control.requestCutover();
            }
        };

        pair.migrate();

        requireEqual();
        assertThat(details()).hasSize(5);
        assertThat(pair.events)
                .anySatisfy(event -> assertThat(event)
                        .isInstanceOfSatisfying(
                                ProgressEvent.Warning.class,
                                warning -> assertThat(warning.text()).contains("public.late")));
    }
}
