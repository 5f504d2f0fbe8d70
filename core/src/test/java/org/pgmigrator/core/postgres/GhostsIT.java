package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.apply.Lease;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.server.Servers;
import org.postgresql.PGConnection;

/// What a server keeps of a connection that was lost here and not there.
class GhostsIT {

    private static final Session NAME = Session.named("ghost");

    private static PostgresServer server;
    private TcpProxy proxy;
    private Database lossy;
    private Database direct;

    @BeforeAll
    static void start() {
        server = Servers.start(ServerSpec.of(17).database("app"));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void connect() {
        proxy = TcpProxy.inFrontOf(server);
        lossy = Database.parse(Side.TARGET, new Secret(proxy.asServer(server).uri("app")), Map.of());
        direct = Database.parse(Side.TARGET, new Secret(server.uri("app")), Map.of());
    }

    @AfterEach
    void disconnect() {
        proxy.close();
    }

    private static int pid(Connection connection) throws SQLException {
        return connection.unwrap(PGConnection.class).getBackendPID();
    }

    private static boolean isThere(int pid) throws SQLException {
        return !server.rows("app", "SELECT 1 FROM pg_stat_activity WHERE pid = " + pid)
                .isEmpty();
    }

    @Test
    void aGhostIsEndedAndNoSessionThatIsStillOurs() throws SQLException {
        try (Connection alive = direct.connect(NAME);
                Connection asking = direct.connect(NAME)) {
            Connection lost = lossy.connect(NAME);
            int ghost = pid(lost);
            assertThat(Ghosts.end(asking, Side.TARGET, ghost)).isFalse();
            proxy.swallow();
            lost.abort(Runnable::run);
            assertThat(isThere(ghost)).isTrue();

            assertThat(Ghosts.end(asking, Side.SOURCE, ghost)).isFalse();
            assertThat(Ghosts.end(asking, Side.TARGET, pid(alive))).isFalse();
            assertThat(alive.isValid(5)).isTrue();

            assertThat(Ghosts.end(asking, Side.TARGET, ghost)).isTrue();
            await().atMost(Duration.ofSeconds(10)).until(() -> !isThere(ghost));
        }
    }

    /// The session's role may be another one than the one that has logged in, with fewer rights.
    private Database asLoginWithARole(PostgresServer reached) throws SQLException {
        server.execute(
                "app",
                "DROP ROLE IF EXISTS login",
                "DROP ROLE IF EXISTS plain",
                "CREATE ROLE plain",
                "CREATE ROLE login LOGIN PASSWORD 'pw' IN ROLE plain",
                "ALTER ROLE login SET role = 'plain'");
        return Database.parse(
                Side.TARGET,
                new Secret("host=" + reached.host() + " port=" + reached.port()
                        + " dbname=app user=login password=pw sslmode=disable"),
                Map.of());
    }

    @Test
    void aSetRoleHidesNeitherAGhostNorWhatASessionWaitsFor() throws SQLException {
        Database limited = asLoginWithARole(proxy.asServer(server));
        try (Connection asking = limited.connect(NAME);
                Connection alive = limited.connect(NAME)) {
            assertThat(Catalog.value(asking, "select current_user::text")).isEqualTo("plain");
            asking.setAutoCommit(false);
            Connection other = limited.connect(NAME);
            int known = pid(other);
            other.close();
            Line line = Line.past(Side.TARGET, known).orElseThrow();
            assertThat(line.started()).isNotEmpty();
            PeerProbe.Answer answer =
                    PeerProbe.ask(line, List.of(pid(alive)), Duration.ofSeconds(5), Duration.ofSeconds(10));
            assertThat(answer)
                    .isInstanceOfSatisfying(
                            PeerProbe.Processes.class,
                            found -> assertThat(found.byPid().values())
                                    .singleElement()
                                    .satisfies(backend ->
                                            assertThat(backend.waitsForClient()).isTrue())
                                    .satisfies(backend ->
                                            assertThat(backend.started()).isNotEmpty()));

            Connection lost = limited.connect(NAME);
            int ghost = pid(lost);
            proxy.swallow(port(ghost));
            lost.abort(Runnable::run);
            assertThat(Ghosts.end(asking, Side.TARGET, ghost)).isTrue();
            assertThat(Catalog.value(asking, "select current_user::text")).isEqualTo("plain");
            await().atMost(Duration.ofSeconds(10)).until(() -> !isThere(ghost));
        }
    }

    private static int port(int pid) throws SQLException {
        return Integer.parseInt(server.value("app", "SELECT client_port FROM pg_stat_activity WHERE pid = " + pid));
    }

    @Test
    void aProcessThatBeganAtAnotherTimeIsNoGhostOfOurs() throws SQLException {
        try (Connection asking = direct.connect(NAME)) {
            Connection lost = lossy.connect(NAME);
            int ghost = pid(lost);
            proxy.swallow();
            lost.abort(Runnable::run);
            Line line = Line.past(Side.TARGET, ghost).orElseThrow();
            String began = line.started();
            line.began("0.000001");
            assertThat(Ghosts.end(asking, Side.TARGET, ghost)).isFalse();
            assertThat(isThere(ghost)).isTrue();
            line.began(began);
            assertThat(Ghosts.end(asking, Side.TARGET, ghost)).isTrue();
        }
    }

    @Test
    void aLeaseThatAGhostHoldsIsTakenAtOnce() throws SQLException, InterruptedException {
        Connection lost = lossy.connect(NAME);
        Lease.take(lost, "ghostly", Duration.ofSeconds(5), "refused");
        proxy.swallow();
        lost.abort(Runnable::run);
        try (Connection next = direct.connect(NAME)) {
            Lease.take(next, "ghostly", Duration.ofSeconds(10), "refused");
            assertThat(Lease.holder(next, "ghostly").orElseThrow().pid()).isEqualTo(pid(next));
        }
    }
}
