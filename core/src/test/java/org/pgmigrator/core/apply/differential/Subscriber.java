package org.pgmigrator.core.apply.differential;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.apply.Applier;
import org.pgmigrator.core.apply.BinaryWhereSafe;
import org.pgmigrator.core.config.ApplyConfig.WireFormat;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.stream.AckPosition;
import org.pgmigrator.core.stream.ChangeQueue;
import org.pgmigrator.core.stream.StreamConfig;
import org.pgmigrator.core.stream.WalReceiver;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.sandbox.server.PostgresServer;

/// One mode with its slot and its target database; it can be interrupted and goes on from its progress row.
final class Subscriber implements AutoCloseable {

    static final String SUBSCRIPTION = "differential";

    /// Far more than a seed takes; a hang must end in a failure that names the seed.
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static final String IS_ACTIVE = "select active from pg_replication_slots where slot_name = '";

    private static final String WAITING =
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = '";

    private static final String TERMINATE_WAITING = WAITING.replace("count(*)", "count(pg_terminate_backend(pid))");

    private final Mode mode;
    private final PostgresServer source;
    private final PostgresServer target;
    private final String sourceDatabase;
    private final String targetDatabase;
    private final List<String> publications;

    private @Nullable WalReceiver receiver;
    private @Nullable Applier applier;
    private Optional<String> markerBefore = Optional.empty();

    Subscriber(
            Mode mode,
            PostgresServer source,
            String sourceDatabase,
            PostgresServer target,
            String targetDatabase,
            List<String> publications) {
        this.mode = mode;
        this.source = source;
        this.target = target;
        this.sourceDatabase = sourceDatabase;
        this.targetDatabase = targetDatabase;
        this.publications = publications;
    }

    Mode mode() {
        return mode;
    }

    String targetDatabase() {
        return targetDatabase;
    }

    /// Also the name of its slot.
    String slot() {
        return targetDatabase;
    }

    void start() throws SQLException, InterruptedException {
        Database from = Database.parse(Side.SOURCE, new Secret(source.uri(sourceDatabase)), Map.of());
        Database to = Database.parse(Side.TARGET, new Secret(target.uri(targetDatabase)), Map.of());
        ChangeQueue queue = new ChangeQueue(ChangeQueue.DEFAULT_CAPACITY_BYTES);
        boolean binary = mode.config().wireFormat() == WireFormat.BINARY && BinaryWhereSafe.on(from, to);
        try (Applier.Ready ready = Applier.open(to, SUBSCRIPTION, mode.config(), binary)) {
            markerBefore = ready.progress().marker();
            AckPosition acknowledged = new AckPosition(ready.progress().confirmable());
            receiver = WalReceiver.start(
                    from.connectReplication(Session.named("stream")),
                    new StreamConfig(
                            slot(), publications, binary, ready.progress().applied()),
                    name -> true,
                    queue,
                    acknowledged);
            applier = ready.start(queue, acknowledged);
        }
    }

    Lsn applied() {
        return applier == null ? Lsn.INVALID : applier.appliedLsn();
    }

    /// Changes of rows that were applied since it last began.
    long changes() {
        return applier == null ? 0 : applier.changesApplied();
    }

    /// How often net changes were refused since it last began.
    int fallbacks() {
        return applier == null ? 0 : applier.fallbacks();
    }

    /// How it is ended.
    enum Interruption {
        /// In order.
        CLOSE,
        /// The target ends the sessions at any moment, as in a crash.
        TERMINATE,
        /// The target ends a session that has begun to commit: other lanes may have committed their part.
        AT_COMMIT
    }

    /// Ends in the middle of whatever it is doing, and begins again.
    void interrupt(Interruption kind) throws SQLException, InterruptedException {
        switch (kind) {
            case CLOSE -> {}
            case TERMINATE ->
                target.execute(
                        "postgres",
                        "select pg_terminate_backend(pid) from pg_stat_activity where datname = '" + targetDatabase
                                + "'");
            case AT_COMMIT -> terminateAtCommit();
        }
        close();
        try (Connection observer = source.connect(sourceDatabase)) {
            Awaitility.await()
                    .atMost(LIMIT)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> value(observer, IS_ACTIVE + slot() + "'").equals("f"));
        }
        start();
    }

    /// Holds the progress row of one lane until a session waits for it, and ends that one.
    private void terminateAtCommit() throws SQLException, InterruptedException {
        try (Connection blocker = target.connect(targetDatabase);
                Connection observer = target.connect("postgres")) {
            blocker.setAutoCommit(false);
            value(blocker, "select lane from pgmigrator.progress order by random() limit 1 for update");
            for (int i = 0;
                    i < 30 && value(observer, WAITING + targetDatabase + "'").equals("0");
                    i++) {
                Thread.sleep(5);
            }
            // Time for the other lanes.
            Thread.sleep(20);
            value(observer, TERMINATE_WAITING + targetDatabase + "'");
            blocker.rollback();
        }
    }

    private static String value(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            return row.next() ? String.valueOf(row.getString(1)) : "";
        }
    }

    /// Waits until the marker is on the target.
    void await(String marker) {
        Awaitility.await(this + " to reach the end")
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .until(() -> hasReached(marker));
    }

    boolean hasReached(String marker) {
        failure().ifPresent(failure -> {
            throw new AssertionError(this + ": " + failure.failure(), failure);
        });
        return markerBefore.filter(marker::equals).isPresent()
                || (applier != null
                        && applier.lastMarker()
                                .filter(seen -> seen.content().equals(marker))
                                .isPresent());
    }

    private Optional<MigrationException> failure() {
        return Optional.ofNullable(applier)
                .flatMap(Applier::failure)
                .or(() -> Optional.ofNullable(receiver).flatMap(WalReceiver::failure));
    }

    @Override
    public void close() {
        if (receiver != null) {
            receiver.close();
            receiver = null;
        }
        if (applier != null) {
            applier.close();
            applier = null;
        }
    }

    @Override
    public String toString() {
        return mode.id() + " in " + targetDatabase;
    }
}
