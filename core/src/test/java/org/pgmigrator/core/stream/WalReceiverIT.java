package org.pgmigrator.core.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.stream.StreamItem.TransactionPart;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.server.Servers;

@Timeout(120)
class WalReceiverIT {

    private static PostgresServer server;

    @BeforeAll
    static void startServerWithABacklog() throws SQLException {
        server = Servers.start(ServerSpec.of(17).database("app"));
        server.execute(
                "app",
                "CREATE TABLE t (id bigint PRIMARY KEY, note text)",
                "CREATE PUBLICATION p FOR TABLE t",
                "SELECT pg_create_logical_replication_slot('backlog', 'pgoutput')",
                "INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(1, 200000) i");
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 40})
    void aFullQueueHoldsUpNeitherTheFeedbackNorTheEnd(long delayMillis) throws Exception {
        String slot = "full_" + delayMillis;
        server.execute("app", "SELECT pg_copy_logical_replication_slot('backlog', '" + slot + "')");
        ChangeQueue queue = new ChangeQueue(1 << 20);
        AckPosition acknowledged = new AckPosition(Lsn.INVALID);
        long closing;
        try (TcpProxy proxy = TcpProxy.inFrontOf(server)) {
            proxy.delay(Duration.ofMillis(delayMillis));
            Connection walsender = Database.parse(
                            Side.SOURCE, new Secret(proxy.asServer(server).uri("app")), Map.of())
                    .connectReplication(Session.named("stream"));
            try (WalReceiver receiver = WalReceiver.start(
                    walsender,
                    new StreamConfig(slot, List.of("p"), false, Lsn.INVALID),
                    name -> true,
                    queue,
                    acknowledged)) {
                // Under load first, so that reads are gathering, and then nobody takes anything any more.
                for (int taken = 0; taken < 50_000; ) {
                    Optional<StreamItem> item = queue.poll(Duration.ofSeconds(10));
                    assertThat(item).isPresent();
                    taken += item.get() instanceof TransactionPart part
                            ? part.changes().size()
                            : 0;
                }
                String first = lastReply();
                awaitAnotherReply(first);
                awaitAnotherReply(lastReply());
                assertThat(receiver.failure()).isEmpty();
                closing = System.nanoTime();
            }
            assertThat(Duration.ofNanos(System.nanoTime() - closing)).isLessThan(Duration.ofSeconds(10));
        }
        server.execute("app", "SELECT pg_drop_replication_slot('" + slot + "')");
    }

    private static void awaitAnotherReply(String last) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> !lastReply().equals(last));
    }

    private static String lastReply() throws SQLException {
        return server.value("postgres", "SELECT coalesce(max(reply_time)::text, 'none yet') FROM pg_stat_replication");
    }
}
