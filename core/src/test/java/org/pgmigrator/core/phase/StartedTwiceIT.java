package org.pgmigrator.core.phase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.core.state.MigrationOrigin;
import org.pgmigrator.core.state.RoomRecord;
import org.pgmigrator.core.state.SourceServer;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Two processes at one migration: what the later one has seen before it was alone does not count.
@ExtendWith(SharedServers.class)
class StartedTwiceIT {

    private static final String NAME = "stored";
    private static final RoomRecord ROOM = new RoomRecord(false, Set.of());

    private static PostgresServer sourceServer;
    private static PostgresServer targetServer;
    private static Database source;

    @BeforeAll
    static void startServers(ServerPool servers) throws Exception {
        sourceServer = servers.source(15);
        targetServer = servers.target(17);
        sourceServer.createDatabase(NAME);
        source = Database.parse(Side.SOURCE, new Secret(sourceServer.uri(NAME)), Map.of());
    }

    private static Database target(PostgresServer server, String database) {
        return Database.parse(Side.TARGET, new Secret(server.uri(database)), Map.of());
    }

    private static MigrationOrigin origin() {
        return new MigrationOrigin("", NAME, SourceServer.of(source), FilterConfig.EVERYTHING);
    }

    /// Another migration's state is on the same target, so that its tables are still there.
    @Test
    void abortLeavesWhatWasCompletedWhileItWaitedForTheLease() throws Exception {
        targetServer.createDatabase("abort_late");
        Database target = target(targetServer, "abort_late");
        CompletableFuture<MigrationException> aborted;
        try (StateStore working = StateStore.open(target, NAME)) {
            working.begin(origin(), new RoomRecord(true, Set.of()));
            working.phase(Phase.STREAM_APPLY);
            targetServer.execute(
                    "abort_late",
                    "insert into pgmigrator.migration select (jsonb_populate_record(m, '{\"subscription\": \"another\"}')).*"
                            + " from pgmigrator.migration m");
            targetServer.execute("abort_late", "create table public.completed as select 1 as i");
            Abort abort = new Abort(
                    source, target, NAME, new Abort.Options(false, false), (question, plan) -> true, event -> {});
            aborted = CompletableFuture.supplyAsync(() -> catchThrowableOfType(MigrationException.class, abort::run));
            Awaitility.await()
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> !targetServer
                                    .rows(
                                            "abort_late",
                                            "select 1 from pg_locks where locktype = 'advisory' and not granted")
                                    .isEmpty()
                            || targetServer
                                            .rows(
                                                    "abort_late",
                                                    "select 1 from pg_stat_activity where datname = 'abort_late'"
                                                            + " and application_name like 'pg-migrator state%'")
                                            .size()
                                    > 1);
            working.remove();
        }
        assertThat(aborted.get().failure().kind()).isEqualTo(FailureKind.OVERTAKEN);
        assertThat(targetServer.rows("abort_late", "select i from public.completed"))
                .containsExactly("1");
    }

    @Test
    void whatWasSeenBeforeTheLeaseWasLostDoesNotCountWhereNothingHadBegun() throws Exception {
        targetServer.createDatabase("lost_early");
        try (TcpProxy proxy = TcpProxy.inFrontOf(targetServer);
                StateStore state = StateStore.open(target(proxy.asServer(targetServer), "lost_early"), NAME)) {
            proxy.cut();

            MigrationException refused =
                    catchThrowableOfType(MigrationException.class, () -> state.begin(origin(), ROOM));

            assertThat(refused.failure().kind()).isEqualTo(FailureKind.TARGET_UNREACHABLE);
            assertThat(targetServer.rows("lost_early", "select nspname from pg_namespace where nspname = 'pgmigrator'"))
                    .isEmpty();
        }
    }

    @Test
    void itBeginsWithEverythingOrNothing() throws Exception {
        targetServer.createDatabase("half_begun");
        targetServer.execute(
                "half_begun",
                "create schema elsewhere",
                "create function elsewhere.refuse() returns event_trigger language plpgsql as"
                        + " $$begin if (select count(*) from pg_class where relnamespace = 'pgmigrator'::regnamespace"
                        + " and relkind = 'r') > 3 then raise 'enough'; end if; end$$",
                "create event trigger refusing on ddl_command_end when tag in ('CREATE TABLE')"
                        + " execute function elsewhere.refuse()");
        try (StateStore state = StateStore.open(target(targetServer, "half_begun"), NAME)) {
            assertThatThrownBy(() -> state.begin(origin(), ROOM)).hasMessageContaining("could not be used");
            assertThat(targetServer.rows("half_begun", "select nspname from pg_namespace where nspname = 'pgmigrator'"))
                    .isEmpty();
            targetServer.execute("half_begun", "drop event trigger refusing");
            state.begin(origin(), ROOM);
            assertThat(state.read()).isPresent();
        }
    }
}
