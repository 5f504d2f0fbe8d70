package org.pgmigrator.core.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.ProgressEvent.VerifyResult;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;

/// What a comparison does when it may not read, when it has to stop, and when tables change under it.
@ExtendWith(SharedServers.class)
class VerifyLimitsIT {

    private static PostgresServer sourceServer;
    private static PostgresServer targetServer;

    private VerifyPair pair;

    @BeforeAll
    static void start(ServerPool servers) {
        sourceServer = servers.source(15);
        targetServer = servers.target(17);
    }

    @BeforeEach
    void databases() throws SQLException {
        pair = new VerifyPair(sourceServer, targetServer);
        pair.onBoth(
                "create table t (id int primary key, a text)",
                "insert into t select i, 'a' from generate_series(1, 50) i");
    }

    /// Statements of ours that run, on both sides.
    private String running() throws SQLException {
        String query = "select count(*) from pg_stat_activity where datname = '" + pair.name
                + "' and application_name = 'pg-migrator verify' and state = 'active'";
        return sourceServer.value("postgres", query) + targetServer.value("postgres", query);
    }

    private void awaitWaiting() {
        await().atMost(60, TimeUnit.SECONDS)
                .until(() -> targetServer
                        .value(
                                "postgres",
                                "select count(*) > 0 from pg_stat_activity where datname = '" + pair.name
                                        + "' and wait_event_type = 'Lock'")
                        .equals("t"));
    }

    @Test
    void tablesThatTheRoleMayNotReadOrNotInFullAreNamed() throws Exception {
        pair.onBoth(
                "create table secret (a int)",
                "create table partly (a int)",
                "alter table partly enable row level security",
                "create table fine (a int)");
        pair.onTarget(
                "create role reader_" + pair.name + " login password 'r'",
                "grant select on partly, fine, t to reader_" + pair.name);
        Database reader = Database.parse(
                Side.TARGET,
                new Secret("postgresql://reader_" + pair.name + ":r@" + targetServer.host() + ":" + targetServer.port()
                        + "/" + pair.name),
                Map.of());

        for (VerifyLevel level : new VerifyLevel[] {VerifyLevel.COUNTS, VerifyLevel.CONTENT}) {
            VerifyReport report;
            try (Verification verification =
                    Verification.open(pair.source(), reader, pair.filter, pair.config, pair.events::add)) {
                report = verification.run(level, table -> true, VerifyPair.LIMIT);
            }
            assertThat(report.differing())
                    .extracting(VerifyResult::object)
                    .containsExactlyInAnyOrder("public.secret", "public.partly");
            assertThat(VerifyPair.of(report, "public.secret").orElseThrow().differences())
                    .containsExactly("not compared: on the target the role reader_" + pair.name
                            + " may not read it (it needs USAGE on the schema and SELECT).");
            assertThat(VerifyPair.of(report, "public.partly")
                            .orElseThrow()
                            .differences()
                            .getFirst())
                    .contains("row level security policy applies (it needs BYPASSRLS)");
        }
    }

    @Test
    void theServerKeepsTheSessionsFromWriting() throws Exception {
        try (Connection holder = ReadSession.openHolder(pair.source());
                Statement statement = holder.createStatement()) {
            assertThatThrownBy(() -> statement.execute("create table x (a int)"))
                    .hasMessageContaining("read-only transaction");
        }
    }

    @Test
    void theDeadlineEndsItAndNothingRunsAnyMore() throws Exception {
        try (Verification verification = pair.open()) {
            verification.prepare(table -> true, VerifyPair.LIMIT);
            try (Connection other = targetServer.connect(pair.name);
                    Statement statement = other.createStatement()) {
                other.setAutoCommit(false);
                statement.execute("lock table t in access exclusive mode");

                assertThatThrownBy(() -> verification.run(VerifyLevel.COUNTS, table -> true, Duration.ofMillis(700)))
                        .isInstanceOf(TimeoutException.class)
                        .hasMessage("0 of 1 tables were compared");
                assertThat(running()).isEqualTo("00");
            }
        }
    }

    @Test
    void anInterruptEndsItAndNothingRunsAnyMore() throws Exception {
        try (Verification verification = pair.open()) {
            verification.prepare(table -> true, VerifyPair.LIMIT);
            try (Connection other = targetServer.connect(pair.name);
                    Statement statement = other.createStatement()) {
                other.setAutoCommit(false);
                statement.execute("lock table t in access exclusive mode");
                CompletableFuture<Throwable> ended = new CompletableFuture<>();
                Thread thread = Thread.ofPlatform().start(() -> {
                    try {
                        verification.run(VerifyLevel.COUNTS, table -> true, VerifyPair.LIMIT);
                        ended.complete(new AssertionError("not interrupted"));
                    } catch (InterruptedException | TimeoutException | RuntimeException expected) {
                        ended.complete(expected);
                    }
                });
                awaitWaiting();
                thread.interrupt();

                assertThat(ended.get(30, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
                assertThat(running()).isEqualTo("00");
            }
        }
    }

    @Test
    void aTableThatIsTruncatedWhileItIsReadIsNotTakenForEmpty() throws Exception {
        try (Verification verification = pair.open()) {
            verification.prepare(table -> true, VerifyPair.LIMIT);
            CompletableFuture<VerifyReport> report = new CompletableFuture<>();
            try (Connection other = targetServer.connect(pair.name);
                    Statement statement = other.createStatement()) {
                other.setAutoCommit(false);
                statement.execute("lock table t in access exclusive mode");
                Thread.ofPlatform().start(() -> {
                    try {
                        report.complete(verification.run(VerifyLevel.COUNTS, table -> true, VerifyPair.LIMIT));
                    } catch (InterruptedException | TimeoutException | RuntimeException unexpected) {
                        report.completeExceptionally(unexpected);
                    }
                });
                awaitWaiting();
                statement.execute("truncate t");
                other.commit();
            }
            assertThat(report.get(60, TimeUnit.SECONDS).differing().getFirst().differences())
                    .containsExactly(
                            "not compared: on the target it was truncated or rewritten while it was read; run again");
        }
    }

    @Test
    void aTableThatIsDroppedAfterThePreparationIsNamedAndTheOthersAreCompared() throws Exception {
        pair.onBoth("create table u (a int)");
        try (Verification verification = pair.open()) {
            verification.prepare(table -> true, VerifyPair.LIMIT);
            pair.onTarget("drop table t");

            VerifyReport report = verification.run(VerifyLevel.COUNTS, table -> true, VerifyPair.LIMIT);

            assertThat(report.differing()).singleElement().satisfies(result -> {
                assertThat(result.object()).isEqualTo("public.t");
                assertThat(result.differences().getFirst())
                        .startsWith("not compared: the target refused: relation \"public.t\" does not exist");
            });
            assertThat(VerifyPair.of(report, "public.u").orElseThrow().equal()).isTrue();
        }
    }

    @Test
    void onlyTheTablesThatAreAskedForAreCompared() throws Exception {
        pair.onBoth("create table u (a int)");
        pair.onTarget("insert into u values (1)");
        try (Verification verification = pair.open()) {
            assertThat(verification
                            .run(VerifyLevel.CONTENT, name -> name.name().equals("t"), VerifyPair.LIMIT)
                            .results())
                    .extracting(VerifyResult::object)
                    .containsExactly("public.t");
            assertThat(verification
                            .run(VerifyLevel.NONE, name -> true, VerifyPair.LIMIT)
                            .results())
                    .isEmpty();
            // A second run sees what has happened since the first.
            pair.onTarget("delete from u");
            assertThat(verification
                            .run(VerifyLevel.CONTENT, name -> true, VerifyPair.LIMIT)
                            .equal())
                    .isTrue();
        }
    }

    /// The tables are asked for when the snapshots have been taken and before anything is read.
    @Test
    void whatIsCommittedAfterTheSnapshotIsNotRead() throws Exception {
        try (Verification verification = pair.open()) {
            VerifyReport report = verification.run(VerifyLevel.CONTENT, table -> deleted(), VerifyPair.LIMIT);

            assertThat(report.differing()).isEmpty();
            assertThat(report.rows()).isEqualTo(50);
            assertThat(verification
                            .run(VerifyLevel.CONTENT, table -> true, VerifyPair.LIMIT)
                            .equal())
                    .isFalse();
        }
    }

    private boolean deleted() {
        try {
            pair.onTarget("delete from t where id > 10");
            return true;
        } catch (SQLException broken) {
            throw new AssertionError(broken);
        }
    }

    @Test
    void aSessionThatIsLostEndsItWithItsSide() throws Exception {
        try (Verification verification = pair.open()) {
            verification.prepare(table -> true, VerifyPair.LIMIT);
            targetServer.value(
                    "postgres",
                    "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = '" + pair.name
                            + "'");

            assertThatThrownBy(() -> verification.run(VerifyLevel.COUNTS, table -> true, VerifyPair.LIMIT))
                    .isInstanceOfSatisfying(
                            MigrationException.class,
                            failed -> assertThat(failed.failure().kind()).isEqualTo(FailureKind.TARGET_UNREACHABLE));
        }
    }

    @Test
    void theReportSaysHowFarAMigrationHasApplied() throws Exception {
        pair.onTarget(
                "create schema pgmigrator",
                "create table pgmigrator.progress (applied_end_lsn pg_lsn, confirmed_upto pg_lsn)",
                "insert into pgmigrator.progress values ('0/10', '0/20'), ('0/30', '0/11')");

        VerifyReport report = pair.compare(VerifyLevel.COUNTS);

        assertThat(report.applied())
                .hasValueSatisfying(lsn -> assertThat(lsn.toString()).isEqualTo("0/20"));
        assertThat(report.equal()).isTrue();
    }
}
