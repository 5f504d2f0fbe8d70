package org.pgmigrator.core.validate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.pgmigrator.core.config.MigrationConfig.Mode;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.config.SlotRetention;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.ProgressEvent.Finding;
import org.pgmigrator.core.validate.Scene.Result;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.server.StopMode;

/// The limits of a server, provoked all at once on one that has every one of them too low.
///
/// In order, because the server is changed: first what is wrong, then what the remedies make of it, then a standby.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class ValidateLimitsIT {

    private static EmbeddedServer server;
    private static Scene scene;

    @BeforeAll
    static void startServer() throws Exception {
        server = EmbeddedServer.start(ServerSpec.of(18)
                .setting("wal_level", "replica")
                .setting("max_replication_slots", "1")
                .setting("max_wal_senders", "1")
                .setting("max_slot_wal_keep_size", "64MB")
                .setting("idle_replication_slot_timeout", "1h")
                .setting("wal_sender_timeout", "5s")
                .setting("max_connections", "20")
                .setting("max_prepared_transactions", "0")
                .setting("max_locks_per_transaction", "10"));
        scene = new Scene(server, server);
        scene.source(
                "select pg_create_physical_replication_slot('taken')",
                "do $$ begin for i in 1..100 loop"
                        + " execute format('create table t%s (id int primary key)', i); end loop; end $$");
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Test
    @Order(1)
    void everyLimitIsFoundAndRaisedByItsRemedy() throws Exception {
        scene.jobs = 50;
        scene.retention = new SlotRetention(OptionalLong.of(64 << 20), SlotRetention.AtLimit.KEEP);
        scene.dropTargetFirst = true;
        scene.target("do $$ begin for i in 1..100 loop"
                + " execute format('create table t%s (id int primary key)', i); end loop; end $$");
        Result refused;
        try (Connection walsender = Database.parse(Side.SOURCE, new Secret(scene.sourceUri), Map.of())
                .connectReplication(Session.named("test"))) {
            assertThat(walsender.isClosed()).isFalse();
            refused = scene.run();
        }

        assertThat(refused.error("wal-level").what()).contains("replica, not logical");
        assertThat(refused.error("wal-level").remedy())
                .anySatisfy(remedy ->
                        assertThat(remedy).contains("rds.logical_replication", "cloudsql.logical_decoding", "Azure"));
        assertThat(refused.error("replication-slots").what()).contains("1 of 1 are taken");
        assertThat(refused.error("replication-slots").why()).contains("taken (inactive)");
        assertThat(refused.error("walsenders").what()).contains("1 of 1 are active");
        assertThat(refused.errors("replication-privilege")).isEmpty();
        assertThat(refused.warnings("slot-retention"))
                .extracting(Finding::what)
                .containsExactly(
                        "max_slot_wal_keep_size of the source is 64 MB.",
                        "--max-slot-retained is 64 MB.",
                        "idle_replication_slot_timeout of the source is 3600 s.");
        assertThat(refused.warnings("slot-retention").getFirst().why())
                .contains("of WAL a second on average", "makes the slot keep about");
        assertThat(refused.warning("wal-sender-timeout").what()).contains("5000 ms");
        assertThat(refused.warning("source-locks").what()).contains("about 200 locks");
        assertThat(refused.warning("target-locks").what()).contains("about 200.");
        assertThat(refused.warning("source-connections").what()).contains("--jobs 50");
        assertThat(refused.warning("target-connections").what()).contains("--jobs 50");

        scene.jobs = 2;
        scene.retention = SlotRetention.UNLIMITED;
        for (String check :
                List.of("wal-level", "replication-slots", "walsenders", "slot-retention", "wal-sender-timeout")) {
            scene.remedyOnSource(refused.of(check));
        }
        scene.remedyOnSource(refused.of("source-locks"));
        assertThat(scene.run().error("wal-level").what()).contains("waits for a restart");
        server.restart(StopMode.FAST);
        Result cured = scene.run();

        for (String check : List.of(
                "wal-level",
                "replication-slots",
                "walsenders",
                "slot-retention",
                "wal-sender-timeout",
                "source-locks",
                "target-locks",
                "source-connections",
                "target-connections")) {
            assertThat(cured.errors(check)).isEmpty();
            assertThat(cured.warnings(check)).isEmpty();
        }
    }

    @Test
    @Order(2)
    void aStandbyIsRefusedOnBothSides() throws Exception {
        server.stop(StopMode.FAST);
        Path signal = Files.createFile(server.dataDirectory().resolve("standby.signal"));
        try {
            server.start();
            Result online = scene.run();

            assertThat(online.error("source-primary").what()).contains("standby");
            assertThat(online.error("target-primary").what()).contains("standby");
            scene.mode = Mode.OFFLINE;
            assertThat(scene.run().warning("source-primary").what()).contains("standby");
        } finally {
            removed(signal);
        }
    }

    private static void removed(Path file) throws IOException {
        Files.deleteIfExists(file);
    }
}
