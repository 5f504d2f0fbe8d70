package org.pgmigrator.core.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.sandbox.server.EmbeddedServer;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SnapshotIT {

    /// Remembers what it is told; the durable one is tested with the migration.
    private static final class Journal implements UndoLog {
        private final List<String> entries = new ArrayList<>();
        private final List<Long> forgotten = new ArrayList<>();

        @Override
        public long willCreate(String what, String undoSql) {
            entries.add(undoSql);
            return entries.size() - 1L;
        }

        @Override
        public void forget(long entry) {
            forgotten.add(entry);
        }
    }

    private EmbeddedServer server;
    private int next;

    @BeforeAll
    void start() {
        server = EmbeddedServer.start(17);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private Database database(String... sql) throws Exception {
        String name = "d" + next++;
        server.createDatabase(name);
        server.execute(name, sql);
        return Database.parse(Side.SOURCE, new Secret(server.uri(name)), Map.of());
    }

    private static List<CatalogTable> tables(Connection connection) throws Exception {
        return Catalog.tables(connection);
    }

    @Test
    void theSnapshotIsWhatTheSlotBeginsAtAndOutlivesTheWalsender() throws Exception {
        Database source = database("create table t (id int primary key)", "insert into t values (1)");
        Journal journal = new Journal();
        try (Connection observer = source.connect(Session.named("test"))) {
            Publications.create(observer, "p", tables(observer), "insert, update, delete, truncate", journal);
            Connection walsender = source.connectReplication(Session.named("slot"));
            ReplicationSlot slot = ReplicationSlot.create(walsender, observer, "snap1", journal, blockers -> {});
            try (ExportedSnapshot snapshot = ExportedSnapshot.hold(source, slot, table -> true, observer)) {
                walsender.close();
                server.execute(source.name(), "insert into t values (2)");
                snapshot.requireAlive();
                try (Connection reader = source.connect(Session.named("reader"));
                        Statement statement = reader.createStatement()) {
                    statement.execute("begin isolation level repeatable read");
                    statement.execute("set transaction snapshot '" + snapshot.id() + "'");
                    assertThat(Catalog.value(reader, "select count(*) from public.t"))
                            .isEqualTo("1");
                }
                assertThat(snapshot.tables())
                        .extracting(table -> table.name().name())
                        .containsExactly("t");
            }
        }
        journal.entries.reversed().forEach(undo -> {
            try {
                server.execute(source.name(), undo);
            } catch (java.sql.SQLException failed) {
                throw new AssertionError(failed);
            }
        });
        assertThat(server.value(source.name(), "select count(*) from pg_replication_slots where slot_name = 'snap1'"))
                .isEqualTo("0");
        assertThat(server.value(source.name(), "select count(*) from pg_publication"))
                .isEqualTo("0");
    }

    @Test
    void whoeverIsInTheWayOfTheSlotIsNamedAndTheWaitIsBounded() throws Exception {
        Database source = database("create table t (id int primary key)");
        Journal journal = new Journal();
        List<List<String>> reports = new CopyOnWriteArrayList<>();
        try (Connection observer = source.connect(Session.named("test"));
                Connection blocker = server.connect(source.name());
                Statement statement = blocker.createStatement();
                Connection walsender =
                        source.connectReplication(Session.named("slot").with("lock_timeout", "4s"))) {
            statement.execute("set application_name = 'the blocker'");
            statement.execute("begin");
            statement.execute("insert into t values (1)");
            assertThatThrownBy(() -> ReplicationSlot.create(walsender, observer, "snap2", journal, reports::add))
                    .isInstanceOfSatisfying(MigrationException.class, failed -> {
                        assertThat(failed.failure().kind()).isEqualTo(FailureKind.SLOT_CREATION_BLOCKED);
                        assertThat(failed.failure().why()).contains("the blocker");
                    });
            assertThat(reports).isNotEmpty();
            statement.execute("rollback");
        }
        assertThat(server.value(source.name(), "select count(*) from pg_replication_slots where slot_name = 'snap2'"))
                .isEqualTo("0");
    }

    @Test
    void anInterruptCancelsTheSlotInsteadOfLeavingItWaiting() throws Exception {
        Database source = database("create table t (id int primary key)");
        try (Connection observer = source.connect(Session.named("test"));
                Connection blocker = server.connect(source.name());
                Statement statement = blocker.createStatement();
                Connection walsender = source.connectReplication(Session.named("slot"))) {
            statement.execute("begin");
            statement.execute("insert into t values (1)");
            List<Throwable> ended = new CopyOnWriteArrayList<>();
            Thread creating = Thread.ofPlatform().start(() -> {
                try {
                    ReplicationSlot.create(walsender, observer, "snap3", new Journal(), blockers -> {});
                } catch (InterruptedException | RuntimeException end) {
                    ended.add(end);
                }
            });
            Awaitility.await()
                    .until(() -> !server.rows(
                                    "postgres",
                                    "select 1 from pg_stat_activity where backend_type = 'walsender' and wait_event_type = 'Lock'")
                            .isEmpty());
            creating.interrupt();
            creating.join(30_000);
            assertThat(ended).singleElement().isInstanceOf(InterruptedException.class);
            Awaitility.await()
                    .until(() -> server.value(
                                    "postgres", "select count(*) from pg_replication_slots where slot_name = 'snap3'")
                            .equals("0"));
            statement.execute("rollback");
        }
    }

    @Test
    void aTableThatWasRewrittenAfterTheSnapshotIsNoticed() throws Exception {
        Database source = database("create table t (id int primary key)", "insert into t values (1)");
        Journal journal = new Journal();
        try (Connection observer = source.connect(Session.named("test"));
                Connection walsender = source.connectReplication(Session.named("slot"))) {
            ReplicationSlot slot = ReplicationSlot.create(walsender, observer, "snap4", journal, blockers -> {});
            server.execute(source.name(), "alter table t alter id type bigint");
            assertThatThrownBy(() -> ExportedSnapshot.hold(source, slot, table -> true, observer))
                    .isInstanceOfSatisfying(MigrationException.class, failed -> {
                        assertThat(failed.failure().kind()).isEqualTo(FailureKind.CATALOG_CHANGED);
                        assertThat(failed.failure().why()).contains("public.t");
                    });
        }
        server.execute("postgres", "select pg_drop_replication_slot('snap4')");
    }

    @Test
    void aNameThatIsTakenIsRefusedAndNeverRemoved() throws Exception {
        Database source = database("create table t (id int primary key)", "create publication taken");
        Journal journal = new Journal();
        try (Connection observer = source.connect(Session.named("test"))) {
            assertThatThrownBy(() -> Publications.create(observer, "taken", List.of(), "insert", journal))
                    .isInstanceOf(MigrationException.class);
        }
        assertThat(journal.forgotten).containsExactly(0L);
    }

    @Test
    void replicaIdentityFullIsTakenBackToWhatItWas() throws Exception {
        Database source = database(
                "create table plain (a int)",
                "create table \"Quoted\"\"One\" (a int)",
                "create table nothing (a int)",
                "alter table nothing replica identity nothing",
                "create table parent (a int)",
                "create table child () inherits (parent)");
        Journal journal = new Journal();
        try (Connection observer = source.connect(Session.named("test"))) {
            ReplicaIdentities.setFull(observer, tables(observer), journal);
            assertThat(server.rows(source.name(), identities())).allMatch(row -> row.endsWith("|f"));
        }
        for (String undo : journal.entries.reversed()) {
            server.execute(source.name(), undo);
        }
        assertThat(server.rows(source.name(), identities()))
                .containsExactly("Quoted\"One|d", "child|d", "nothing|n", "parent|d", "plain|d");
    }

    private static String identities() {
        return "select relname, relreplident from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
                + " order by relname collate \"C\"";
    }
}
