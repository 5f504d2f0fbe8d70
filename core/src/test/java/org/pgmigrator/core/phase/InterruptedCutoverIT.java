package org.pgmigrator.core.phase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.MigrationPair.Killed;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;

/// A cutover that was cut off: what the next run does about it, and what it says when it is stopped itself.
@ExtendWith(SharedServers.class)
class InterruptedCutoverIT {

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

    private void killedAfter(String step) {
        pair.hook = event -> {
            if (MigrationPair.isStep(event, step)) {
                throw new Killed();
            }
        };
        assertThat(catchThrowable(pair::migrate)).isInstanceOf(Killed.class);
        pair.hook = event -> {};
        pair.resume = true;
        pair.control = new OperatorControl();
    }

    private Failure stoppedAtOnce() {
        pair.control.terminate();
        MigrationException stopped = catchThrowableOfType(MigrationException.class, pair::migrate);
        assertThat(stopped).isNotNull();
        assertThat(stopped.failure().kind()).isEqualTo(FailureKind.STOPPED_BY_TERMINATE);
        pair.control = new OperatorControl();
        return stopped.failure();
    }

    @Test
    void aResumeThatIsStoppedWithTheTargetOpenDoesNotOfferToUndoWhatItWouldRefuse() {
        killedAfter("open target");

        Failure stopped = stoppedAtOnce();

        assertThat(stopped.state()).contains("the target is complete and open");
        assertThat(String.join("\n", stopped.remedy()))
                .contains("--resume", "abort --unlock-source", "without what was written to the target")
                .doesNotContain("DROP SCHEMA", "which runs these");
        pair.migrate();
    }

    @Test
    void aResumeThatIsStoppedBehindTheFenceSaysThatTheSourceIsClosed() throws Exception {
        killedAfter("fence");

        Failure stopped = stoppedAtOnce();

        assertThat(stopped.state()).contains("not open yet", "the source is closed");
        assertThat(String.join("\n", stopped.remedy()))
                .contains("--resume", "opens the target", "abort --unlock-source")
                .doesNotContain("DROP SCHEMA", "which runs these");
        pair.migrate();
        assertThat(pair.targetValue("show default_transaction_read_only")).isEqualTo("off");
    }

    @Test
    void whoHoldsATableOfTheTargetIsNamedBeforeTheSourceIsClosedAndTheSourceServesOn() throws Exception {
        try (Connection reader = targetServer.connect(pair.name);
                Statement statement = reader.createStatement()) {
            pair.hook = event -> {
                if (MigrationPair.isStep(event, "verify")) {
                    reader.setAutoCommit(false);
                    statement.execute("set application_name = 'night report'");
                    statement.execute("select count(*) from public.t");
                }
            };

            MigrationException refused = catchThrowableOfType(MigrationException.class, pair::migrate);

            assertThat(refused.failure().kind()).isEqualTo(FailureKind.CUTOVER_NOT_COMPLETED);
            assertThat(refused.failure().why()).contains("night report", "public.t", "pg_terminate_backend");
            pair.onSource("insert into public.t (v) values ('the source serves')");
            reader.rollback();
        }
        pair.hook = event -> {};
        pair.resume = true;
        pair.control = new OperatorControl();
        pair.migrate();

        assertThat(pair.targetValue("select count(*) from public.t")).isEqualTo("101");
        assertThat(pair.targetValue("select count(*) from pg_attribute where attidentity = 'a'"))
                .isEqualTo("1");
    }

    @Test
    void unloggedTablesAreCopiedOnceMoreByARunThatFinishesTheCutover() throws Exception {
        pair.onSource("create unlogged table public.cache (id int primary key)", "insert into public.cache values (1)");
        killedAfter("fence");
        // As a crash of the target does.
        pair.onTarget("set default_transaction_read_only = off", "truncate public.cache");

        pair.migrate();

        assertThat(pair.targetValue("select count(*) from public.cache")).isEqualTo("1");
    }

    @Test
    void unloggedTablesThatACrashOfTheSourceHasEmptiedKeepTheirRowsOnTheTarget() throws Exception {
        pair.onSource(
                "create unlogged table public.cache (id int primary key)",
                "insert into public.cache values (1)",
                "create unlogged table public.other (id int primary key)",
                "insert into public.other values (1)");
        killedAfter("fence");
        // As crashes do: of the source, which empties both, and of the target, as far as the other is concerned.
        pair.onSource("set session_replication_role = replica", "truncate public.cache", "truncate public.other");
        pair.onTarget("set default_transaction_read_only = off", "truncate public.other");

        pair.migrate();

        assertThat(pair.targetValue("select count(*) from public.cache")).isEqualTo("1");
        assertThat(pair.events)
                .anySatisfy(event -> assertThat(event)
                        .isInstanceOfSatisfying(
                                ProgressEvent.Warning.class,
                                warning -> assertThat(warning.text())
                                        .contains("empty on both sides", "public.other")
                                        .doesNotContain("public.cache")));
    }

    private Abort abort(String subscription) {
        return new Abort(
                Database.parse(Side.SOURCE, new Secret(sourceServer.uri(pair.name)), Map.of()),
                Database.parse(Side.TARGET, new Secret(targetServer.uri(pair.name)), Map.of()),
                subscription,
                new Abort.Options(true, false),
                (question, details) -> {
                    pair.agreedTo.addAll(details);
                    return true;
                },
                pair.events::add);
    }

    @Test
    void anAbortThatNamesAnotherMigrationDoesNotUnlockTheSourceUnderACutover() throws Exception {
        List<MigrationException> refused = new ArrayList<>();
        pair.hook = event -> {
            if (MigrationPair.isStep(event, "fence")) {
                refused.add(catchThrowableOfType(
                        MigrationException.class, () -> abort("forgotten").run()));
            }
        };

        pair.migrate();

        assertThat(refused).singleElement().satisfies(refusal -> {
            assertThat(refusal.failure().kind()).isEqualTo(FailureKind.CHECK_REFUSED);
            assertThat(refusal.failure().why()).contains("pg-migrator observe");
        });
        assertThat(pair.sourceValue("select count(*) from pg_namespace where nspname = 'pgmigrator_fence'"))
                .isEqualTo("1");
        assertThat(pair.targetValue("show default_transaction_read_only")).isEqualTo("off");
    }

    @Test
    void anAbortThatNamesAnotherMigrationSaysSoBeforeTheSourceIsUnlocked() throws Exception {
        killedAfter("fence");
        // The sessions of the run that was cut off.
        for (PostgresServer server : List.of(sourceServer, targetServer)) {
            server.execute(
                    "postgres",
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = '" + pair.name
                            + "' and application_name like 'pg-migrator %'");
        }

        abort("forgotten").run();

        assertThat(String.join("\n", pair.agreedTo)).contains("has no migration \"forgotten\"", "it has: it");
        assertThat(pair.events.getLast())
                .isInstanceOfSatisfying(
                        ProgressEvent.Complete.class,
                        complete -> assertThat(String.join("\n", complete.summary()))
                                .contains("has no migration \"forgotten\"", "serving again"));
        pair.onSource("insert into public.t (v) values ('the source serves')");
        pair.migrate();
        assertThat(pair.targetValue("select count(*) from public.t")).isEqualTo("101");
    }

    @Test
    void aTargetIsNotOpenedIfTheFenceIsGoneMeanwhileAndTheStreamGoesOn() throws Exception {
        pair.onSource("create unlogged table public.cache (id int primary key)");
        pair.hook = event -> {
            if (MigrationPair.isStep(event, "fence")) {
                pair.onSource("drop schema pgmigrator_fence cascade");
            }
        };
        assertNotOpened();

        pair.resume = true;
        pair.hook = event -> {};
        killedAfter("fence");
        pair.hook = event -> {
            if (MigrationPair.isStep(event, "unlogged tables")) {
                pair.onSource("drop schema pgmigrator_fence cascade");
            }
        };
        assertNotOpened();

        pair.onSource("insert into public.t (v) values ('the source serves')");
        pair.hook = event -> {};
        pair.control = new OperatorControl();
        pair.migrate();
        assertThat(pair.targetValue("select count(*) from public.t")).isEqualTo("101");
        assertThat(pair.targetValue("show default_transaction_read_only")).isEqualTo("off");
    }

    private void assertNotOpened() throws Exception {
        MigrationException failed = catchThrowableOfType(MigrationException.class, pair::migrate);
        assertThat(failed.failure().kind()).isEqualTo(FailureKind.SOURCE_FENCE);
        assertThat(failed.failure().state()).contains("the target is not open");
        assertThat(pair.targetValue("show default_transaction_read_only")).isEqualTo("on");
        pair.control = new OperatorControl();
    }

    @Test
    void aSourceThatSomebodyHasLetServeIsNotMadeReadOnlyByTheCleaningUp() throws Exception {
        killedAfter("open target");
        pair.onSource("drop schema pgmigrator_fence cascade");

        pair.migrate();

        assertThat(pair.sourceValue("show default_transaction_read_only")).isEqualTo("off");
        assertThat(pair.events)
                .anySatisfy(event -> assertThat(event)
                        .isInstanceOfSatisfying(
                                ProgressEvent.Warning.class,
                                warning -> assertThat(warning.text()).contains("Both sides may take writes")));
    }

    @Test
    void aFenceThatTheTargetDoesNotRememberIsNotStreamedPast() throws Exception {
        killedAfter("fence");
        pair.onTarget(
                "set default_transaction_read_only = off",
                "update pgmigrator.cutover set token = null, final_lsn = null, step = 'verify'");

        MigrationException failed = catchThrowableOfType(MigrationException.class, pair::migrate);

        assertThat(failed.failure().kind()).isEqualTo(FailureKind.SOURCE_FENCE);
        assertThat(String.join("\n", failed.failure().remedy())).contains("abort --unlock-source");
    }

    @Test
    void unloggedTablesOfATargetThatSomebodyHasOpenedAreLeftAlone() throws Exception {
        pair.onSource("create unlogged table public.cache (id int primary key)", "insert into public.cache values (1)");
        killedAfter("fence");
        pair.onTarget(
                "set default_transaction_read_only = off",
                "alter database " + pair.name + " reset default_transaction_read_only");
        pair.onTarget("insert into public.cache values (2)");

        pair.migrate();

        assertThat(pair.targetValue("select count(*) from public.cache")).isEqualTo("2");
        assertThat(pair.events)
                .anySatisfy(event -> assertThat(event)
                        .isInstanceOfSatisfying(
                                ProgressEvent.Warning.class,
                                warning ->
                                        assertThat(warning.text()).contains("unlogged tables are left as they are")));
    }

    @Test
    void aSourceThatCannotBeMadeReadOnlyByDefaultIsSaidOnTheScreen() throws Exception {
        pair.hook = event -> {
            if (MigrationPair.isStep(event, "open target")) {
                sourceServer.execute("postgres", "alter database " + pair.name + " allow_connections false");
            }
        };
        try {
            MigrationException left = catchThrowableOfType(MigrationException.class, pair::migrate);
            assertThat(left.failure().kind()).isEqualTo(FailureKind.LEFT_BEHIND);
        } finally {
            sourceServer.execute("postgres", "alter database " + pair.name + " allow_connections true");
        }

        assertThat(pair.events)
                .anySatisfy(event -> assertThat(event)
                        .isInstanceOfSatisfying(
                                ProgressEvent.Warning.class,
                                warning -> assertThat(warning.text())
                                        .contains("could not be made read-only by default", pair.name)));
    }
}
