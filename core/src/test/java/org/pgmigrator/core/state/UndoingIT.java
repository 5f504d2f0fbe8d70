package org.pgmigrator.core.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.core.apply.SlotIdentity;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.core.snapshot.ReplicationSlot;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.PostgresServer;

/// What is undone on the source by a process that has lost the target: only what nobody else can have gone on with.
@ExtendWith(SharedServers.class)
class UndoingIT {

    private static final String NAME = "undoing";

    private static PostgresServer sourceServer;
    private static PostgresServer targetServer;

    private Database source;
    private TcpProxy toTarget;
    private StateStore state;

    @BeforeAll
    static void startServers(ServerPool servers) throws Exception {
        sourceServer = servers.source(15);
        targetServer = servers.target(17);
        sourceServer.createDatabase(NAME);
        targetServer.createDatabase(NAME);
    }

    @BeforeEach
    void copyBegins() throws Exception {
        source = Database.parse(Side.SOURCE, new Secret(sourceServer.uri(NAME)), Map.of());
        toTarget = TcpProxy.inFrontOf(targetServer);
        Database target = Database.parse(
                        Side.TARGET, new Secret(toTarget.asServer(targetServer).uri(NAME)), Map.of())
                .of(NAME);
        state = StateStore.open(target, NAME);
        state.begin(
                new MigrationOrigin("", NAME, SourceServer.of(source), FilterConfig.EVERYTHING),
                new RoomRecord(false, Set.of()));
        try (Connection walsender = source.connectReplication(Session.named("slot"));
                Connection observer = source.connect(Session.named("prepare"))) {
            ReplicationSlot slot =
                    ReplicationSlot.create(walsender, observer, NAME, state.undoLog(Side.SOURCE), blockers -> {});
            state.copiesAt(new SlotIdentity("", 1, NAME, slot.consistentPoint()));
        }
    }

    @AfterEach
    void remove() throws Exception {
        state.close();
        toTarget.close();
        targetServer.execute(NAME, "drop schema if exists pgmigrator cascade");
        sourceServer.execute(
                NAME,
                "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '" + NAME
                        + "'");
    }

    private Undoing.Outcome withoutTarget() {
        toTarget.refuse(true);
        toTarget.cut();
        return Undoing.run(state, source);
    }

    private boolean isSlotThere() throws Exception {
        return !sourceServer
                .rows(NAME, "select 1 from pg_replication_slots where slot_name = '" + NAME + "'")
                .isEmpty();
    }

    @Test
    void itsOwnSlotIsDropped() throws Exception {
        Undoing.Outcome outcome = withoutTarget();

        assertThat(outcome.removed()).containsExactly(ReplicationSlot.WHAT + "\"" + NAME + "\"");
        assertThat(outcome.left()).isEmpty();
        assertThat(isSlotThere()).isFalse();
    }

    @Test
    void aSlotThatAnotherProcessHasMadeAnewIsLeft() throws Exception {
        sourceServer.execute(
                NAME,
                "select pg_drop_replication_slot('" + NAME + "')",
                "create table if not exists moved_on as select 1",
                "select pg_switch_wal()",
                "select pg_create_logical_replication_slot('" + NAME + "', 'pgoutput')");

        assertThat(withoutTarget().left()).singleElement().asString().contains("pg_drop_replication_slot");
        assertThat(isSlotThere()).isTrue();
    }

    @Test
    void whileAnotherProcessOfTheMigrationIsAtTheSourceNothingIsUndone() throws Exception {
        try (Connection another = source.connect(Session.named("copy"))) {
            assertThat(another.isValid(5)).isTrue();
            assertThat(withoutTarget().left()).hasSize(1);
        }
        assertThat(isSlotThere()).isTrue();
    }

    @Test
    void withTheTargetTheJournalAloneDecides() throws Exception {
        try (Connection another = source.connect(Session.named("copy"))) {
            assertThat(another.isValid(5)).isTrue();
            assertThat(Undoing.run(state, source).left()).isEmpty();
        }
        assertThat(isSlotThere()).isFalse();
    }
}
