package org.pgmigrator.core.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.core.stream.AckPosition;
import org.pgmigrator.core.stream.Change;
import org.pgmigrator.core.stream.ChangeQueue;
import org.pgmigrator.core.stream.StreamItem.TransactionPart;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.PgOutputMessage.Begin;
import org.pgmigrator.decoder.PgOutputMessage.Commit;
import org.pgmigrator.decoder.PgOutputMessage.Relation;
import org.pgmigrator.decoder.ReplicaIdentity;
import org.pgmigrator.sandbox.server.PostgresServer;

/// What can be seen of the applier while it is at work.
@ExtendWith(SharedServers.class)
class ApplierIT {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String DATABASE = "applier";
    private static final Lsn START = new Lsn(100);
    private static final Lsn END = new Lsn(300);
    private static final Relation TABLE = new Relation(
            0, 16_400, "public", "t", ReplicaIdentity.DEFAULT, List.of(new Relation.Column(true, "id", 23, -1)));

    private final PostgresServer server;

    ApplierIT(ServerPool servers) throws SQLException {
        server = servers.target(17);
        server.createDatabase(DATABASE);
        server.execute(DATABASE, "create schema pgmigrator", "create table t (id int primary key)");
        try (Connection session = server.connect(DATABASE)) {
            Progress.createTable(session);
            Progress.initialise(session, "it", new SlotIdentity("1", 1, "s", START));
        }
    }

    private static TransactionPart part(boolean first, Optional<Commit> commit) {
        return new TransactionPart(
                new Begin(new Lsn(200), Instant.EPOCH, 7),
                first,
                List.of(new Change.Truncate(List.of(TABLE), false, false)),
                commit,
                100);
    }

    @Test
    void whoeverWatchesSeesThatALargeTransactionIsTakenBeforeItsCommit() throws Exception {
        Database target = Database.parse(Side.TARGET, new Secret(server.uri(DATABASE)), Map.of());
        ChangeQueue queue = new ChangeQueue(ChangeQueue.DEFAULT_CAPACITY_BYTES);
        AckPosition acknowledged = new AckPosition(START);
        try (Applier.Ready ready = Applier.open(target, "it", ApplyConfig.of(ApplyConfig.Mode.STRICT, 1), false);
                Applier applier = ready.start(queue, acknowledged)) {
            for (int parts = 1; parts <= 3; parts++) {
                long taken = parts;
                assertThat(queue.offer(part(parts == 1, Optional.empty()), SOON))
                        .isTrue();
                await().atMost(SOON).until(() -> applier.changesTaken() == taken);
                assertThat(applier.changesApplied()).isZero();
                assertThat(acknowledged.get()).isEqualTo(START);
            }
            assertThat(queue.offer(part(false, Optional.of(new Commit(new Lsn(200), END, Instant.EPOCH))), SOON))
                    .isTrue();
            await().atMost(SOON).until(() -> applier.changesApplied() == 4);
            assertThat(applier.changesTaken()).isEqualTo(4);
            assertThat(acknowledged.get()).isEqualTo(END);
        }
    }
}
