package org.pgmigrator.core.cutover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Writers that never stop, across the lock and the fence: what their own logs say was committed is what was there
/// under
/// the lock.
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 17})
@Timeout(300)
@ExtendWith(SharedServers.class)
class FenceRaceIT {

    private static final Duration SOON = Duration.ofSeconds(30);

    /// What a session does before it writes, each of them a way past a lock that is only a setting.
    private static final List<List<String>> MANNERS = List.of(
            List.of(),
            List.of("begin read write"),
            List.of("set default_transaction_read_only = off", "begin"),
            List.of("begin", "select count(*) from log_1"),
            List.of("begin isolation level repeatable read", "select count(*) from log_2 where writer = 0"));

    @Parameter
    int major;

    @SuppressWarnings("NullAway.Init")
    private static PostgresServer server;

    @BeforeParameterizedClassInvocation
    static void startServer(int major, ServerPool servers) {
        server = servers.source(major);
    }

    /// One client, which remembers the number of each commit that it saw succeed.
    private static final class Client {
        private final int number;
        private final Connection session;
        private final ConcurrentSkipListSet<Integer> committed = new ConcurrentSkipListSet<>();
        private final Thread thread;
        private volatile Optional<String> ended = Optional.empty();

        Client(int number, Connection session) {
            this.number = number;
            this.session = session;
            thread = Thread.ofPlatform().daemon().start(this::write);
        }

        private void write() {
            List<String> manner = MANNERS.get(number % MANNERS.size());
            for (int row = 1; ended.isEmpty(); row++) {
                try {
                    SourceScene.run(session, manner.toArray(String[]::new));
                    SourceScene.run(
                            session,
                            "insert into log_" + (number % 3 + 1) + " values (" + number + ", " + row + ", " + row % 2
                                    + ")");
                    if (!manner.isEmpty()) {
                        SourceScene.run(session, "commit");
                    }
                    committed.add(row);
                } catch (SQLException refusal) {
                    ended = Optional.of(String.valueOf(refusal.getSQLState()));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void nothingIsCommittedAfterTheLock(int round) throws Exception {
        try (SourceScene scene = new SourceScene(
                        server,
                        "create table log_1 (writer int, row int, part int)",
                        "create table log_2 (writer int, row int, part int) partition by list (part)",
                        "create table log_2_even partition of log_2 for values in (0)",
                        "create table log_2_odd partition of log_2 for values in (1)",
                        "create unlogged table log_3 (writer int, row int, part int)");
                SourceLock lock = scene.open(LockLimits.DEFAULT)) {
            List<Client> clients = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                clients.add(new Client(i, scene.session()));
            }
            await().atMost(SOON).until(() -> clients.stream().allMatch(client -> client.committed.size() > 20 * round));

            scene.acquire(lock, SOON);
            List<String> underTheLock = rows(scene);
            assertThat(Fence.place(lock)).isInstanceOf(Fence.Outcome.Placed.class);

            for (Client client : clients) {
                assertThat(client.thread.join(SOON)).isTrue();
                assertThat(client.ended).contains("25006");
            }
            TreeSet<String> told = new TreeSet<>();
            clients.forEach(client -> client.committed.forEach(row -> told.add(client.number + "|" + row)));
            assertThat(underTheLock).containsExactlyInAnyOrderElementsOf(told);
            assertThat(rows(scene)).isEqualTo(underTheLock);
        }
    }

    private static List<String> rows(SourceScene scene) throws SQLException {
        return server.rows(
                scene.name,
                "select writer, row from (select * from log_1 union all select * from log_2 union all"
                        + " select * from log_3) l order by 1, 2");
    }

    @Test
    void anAnswerThatIsLostAfterTheCommitIsLookedUpAsAFence() throws Exception {
        try (SourceScene scene = new SourceScene(server, SourceScene.TABLES);
                TcpProxy proxy = TcpProxy.inFrontOf(server)) {
            Connection observer = scene.own();
            scene.source = Database.parse(
                    Side.SOURCE, new Secret(proxy.asServer(server).uri(scene.name)), Map.of());
            try (SourceLock lock = scene.locked()) {
                Fence.Outcome outcome = Fence.place(lock, () -> {}, () -> {
                    proxy.delay(Duration.ofSeconds(2));
                    Thread.ofPlatform().daemon().start(() -> {
                        await().atMost(SOON)
                                .until(() -> Fence.state(observer).presence() == FenceState.Presence.EXISTS);
                        proxy.cut();
                    });
                });
                assertThat(outcome)
                        .isInstanceOfSatisfying(
                                Fence.Outcome.Unknown.class,
                                unknown -> assertThat(unknown.failure().kind()).isEqualTo(FailureKind.SOURCE_FENCE));
                FenceState found = Fence.lookUp(observer, SourceScene.MIGRATION, SOON);
                assertThat(found.presence()).isEqualTo(FenceState.Presence.EXISTS);
                assertThat(found.token()).isEqualTo(lock.token());
            }
        }
    }
}
