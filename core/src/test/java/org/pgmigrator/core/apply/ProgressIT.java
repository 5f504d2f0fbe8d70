package org.pgmigrator.core.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.sandbox.server.PostgresServer;

/// A session that believes it still applies, and another one that has gone on meanwhile: rows come once.
@ExtendWith(SharedServers.class)
class ProgressIT {

    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final String SUBSCRIPTION = "moving";
    private static final Duration SOON = Duration.ofSeconds(5);
    private static final Lsn START = new Lsn(100);
    private static final Lsn FIRST = new Lsn(200);
    private static final Lsn SECOND = new Lsn(300);

    private final PostgresServer server;
    private final String database = "progress" + NUMBER.incrementAndGet();

    ProgressIT(ServerPool servers) {
        server = servers.target(17);
    }

    @BeforeEach
    void begin() throws SQLException {
        server.createDatabase(database);
        server.execute(database, "create schema pgmigrator", "create table t (what text)");
        try (Connection session = server.connect(database)) {
            Progress.createTable(session);
            Progress.initialise(session, SUBSCRIPTION, new SlotIdentity("1", 1, "s", START));
        }
    }

    private Connection applying(UUID owner) throws SQLException {
        Connection session = server.connect(database);
        Progress.takeOver(session, SUBSCRIPTION, owner, SOON);
        session.setAutoCommit(false);
        return session;
    }

    private static void write(Connection session, UUID owner, Lsn from, Lsn to) throws SQLException {
        try (Statement statement = session.createStatement()) {
            statement.execute("insert into t values ('row up to " + to + "')");
        }
        Progress.advance(
                session,
                new Progress.Mover(SUBSCRIPTION, owner, OptionalInt.empty(), 1),
                from,
                to,
                to,
                Progress.Marker.NONE);
        session.commit();
    }

    private void assertOneRowEach(String... rows) throws SQLException {
        assertThat(server.rows(database, "select what from t")).containsExactlyInAnyOrder(rows);
    }

    @Test
    void whatWasTakenOverMeanwhileIsNotWrittenAgain() throws SQLException {
        UUID before = UUID.randomUUID();
        UUID after = UUID.randomUUID();
        try (Connection slow = applying(before);
                Connection next = applying(after)) {
            write(next, after, START, FIRST);

            assertThatThrownBy(() -> write(slow, before, START, SECOND))
                    .isInstanceOfSatisfying(
                            MigrationException.class,
                            refused -> assertThat(refused.failure().kind()).isEqualTo(FailureKind.TARGET_IN_USE));
        }
        assertOneRowEach("row up to " + FIRST);
    }

    @Test
    void whoWasTakenOverFromCommitsNothingEvenWhereNobodyHasWrittenYet() throws SQLException {
        UUID before = UUID.randomUUID();
        UUID after = UUID.randomUUID();
        try (Connection slow = applying(before);
                Connection next = applying(after)) {
            assertThatThrownBy(() -> write(slow, before, START, FIRST)).isInstanceOf(MigrationException.class);
            slow.rollback();

            write(next, after, START, FIRST);
        }
        assertOneRowEach("row up to " + FIRST);
    }

    @Test
    void progressThatHasMovedOnIsNotMovedFromWhereItWas() throws SQLException {
        UUID owner = UUID.randomUUID();
        try (Connection session = applying(owner)) {
            write(session, owner, START, FIRST);

            assertThatThrownBy(() -> write(session, owner, START, SECOND)).isInstanceOf(MigrationException.class);
            session.rollback();
            write(session, owner, FIRST, SECOND);
        }
        assertOneRowEach("row up to " + FIRST, "row up to " + SECOND);
    }
}
