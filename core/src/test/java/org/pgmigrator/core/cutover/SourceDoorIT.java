package org.pgmigrator.core.cutover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;

@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 17})
@ExtendWith(SharedServers.class)
class SourceDoorIT {

    private static final Duration SOON = Duration.ofSeconds(20);

    @Parameter
    int major;

    @SuppressWarnings("NullAway.Init")
    private static PostgresServer server;

    private SourceScene scene;

    @BeforeParameterizedClassInvocation
    static void startServer(int major, ServerPool servers) {
        server = servers.source(major);
    }

    @BeforeEach
    void createTables() throws Exception {
        scene = new SourceScene(server, "create table plain (id int)");
    }

    @AfterEach
    void leave() throws Exception {
        scene.close();
    }

    @Test
    void newSessionsAreReadOnlyAndTheOthersAreGone() throws Exception {
        Connection idle = scene.session();
        Connection writing = scene.session();
        SourceScene.run(writing, "begin", "insert into plain values (1)");
        Connection own = scene.own();
        assertThat(SourceDoor.writers(own)).singleElement().asString().contains("sandbox");

        SourceDoor.Closing closing = SourceDoor.plan(own);
        SourceDoor.close(own, closing);
        assertThat(SourceDoor.endSessions(own, SOON)).isEqualTo(new SourceDoor.Ended(2, List.of()));

        assertThat(SourceDoor.writers(own)).isEmpty();
        assertThatThrownBy(() -> SourceScene.run(idle, "select 1")).isInstanceOf(SQLException.class);
        Connection fresh = scene.session();
        assertThatThrownBy(() -> SourceScene.run(fresh, "insert into plain values (2)"))
                .hasMessageContaining("read-only transaction");
        // What it does not protect from.
        SourceScene.run(fresh, "begin read write", "insert into plain values (3)");
        assertThat(SourceDoor.writers(own)).hasSize(1);
        SourceScene.run(fresh, "rollback");

        SourceDoor.open(own, closing);
        server.execute(scene.name, "insert into plain values (4)");
        assertThat(server.value(scene.name, "select string_agg(id::text, ',') from plain"))
                .isEqualTo("4");
    }

    @Test
    void aSettingThatWasThereBeforeComesBack() throws Exception {
        server.execute(scene.name, "alter database " + scene.name + " set default_transaction_read_only = 'off'");
        Connection own = scene.own();
        SourceDoor.Closing closing = SourceDoor.plan(own);
        assertThat(closing.undoSql()).endsWith("SET default_transaction_read_only = 'off'");
        SourceDoor.close(own, closing);
        assertThat(server.value(scene.name, "show default_transaction_read_only"))
                .isEqualTo("on");
        SourceDoor.open(own, closing);
        SourceDoor.open(own, closing);
        assertThat(server.value(scene.name, "show default_transaction_read_only"))
                .isEqualTo("off");
    }

    @Test
    void aPreparedTransactionIsAWriter() throws Exception {
        Connection preparing = scene.session();
        SourceScene.run(
                preparing, "begin", "insert into plain values (1)", "prepare transaction 'p_" + scene.name + "'");
        assertThat(SourceDoor.writers(scene.own()))
                .singleElement()
                .asString()
                .contains("prepared transaction \"p_" + scene.name);
        server.execute(scene.name, "rollback prepared 'p_" + scene.name + "'");
    }

    @Test
    void sessionsThatTheRoleMayNotEndAreNamed() throws Exception {
        String role = "door_" + scene.name;
        server.execute(
                "postgres",
                "create role " + role + " login password 'least'",
                "alter database " + scene.name + " owner to " + role);
        Connection superusers = scene.session();
        scene.as(role);
        Connection own = scene.own();
        SourceDoor.close(own, SourceDoor.plan(own));
        SourceDoor.Ended ended = SourceDoor.endSessions(own, SOON);
        assertThat(ended.ended()).isZero();
        assertThat(ended.refused()).singleElement().asString().contains("42501");
        SourceScene.run(superusers, "insert into plain values (1)");
    }
}
