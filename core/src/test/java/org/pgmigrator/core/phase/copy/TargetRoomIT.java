package org.pgmigrator.core.phase.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.control.Confirmation;
import org.pgmigrator.core.copy.ExtensionTable;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.core.state.ExtensionTables;
import org.pgmigrator.core.state.RoomRecord;
import org.pgmigrator.sandbox.server.PostgresServer;

/// What is made room for on the target, and whose sessions are ended when a copy that was cut off is given up.
@ExtendWith(SharedServers.class)
class TargetRoomIT {

    @Test
    void onlyTheSessionsOfThisMigrationAreEnded(ServerPool servers) throws Exception {
        PostgresServer server = servers.target(17);
        server.createDatabase("room");
        Database target = Database.parse(Side.TARGET, new Secret(server.uri("room")), Map.of());
        String longName = "a migration whose name is too long for a session's name, or nearly so";
        List<Connection> open = new ArrayList<>();
        try {
            for (String owner : List.of("mine", "another", "not mine", longName)) {
                open.add(target.of(owner).connect(Session.named("copy")));
                open.add(server.connect("room"));
                open.getLast()
                        .createStatement()
                        .execute("set application_name = 'pg_restore" + Session.suffix(owner) + "'");
            }
            open.add(target.connect(Session.named("verify")));

            new TargetRoom(target, FilterConfig.EVERYTHING, "mine", event -> {}).endOwnSessions();
            new TargetRoom(target, FilterConfig.EVERYTHING, longName, event -> {}).endOwnSessions();

            Awaitility.await()
                    .untilAsserted(() -> assertThat(server.rows("room", """
                            select application_name from pg_stat_activity
                            where datname = current_database() and application_name ~ '^(pg-migrator|pg_restore)'
                            """))
                            .containsExactlyInAnyOrder(
                                    "pg-migrator copy (another)",
                                    "pg_restore (another)",
                                    "pg-migrator copy" + Session.suffix("not mine"),
                                    "pg_restore" + Session.suffix("not mine"),
                                    "pg-migrator verify"));
        } finally {
            for (Connection connection : open) {
                connection.close();
            }
        }
    }

    @Test
    void whatCameAfterTheQuestionIsNotDropped(ServerPool servers) throws Exception {
        PostgresServer server = servers.target(17);
        server.createDatabase("asked");
        server.execute("asked", "create table public.old as select 1 as i");
        Database target = Database.parse(Side.TARGET, new Secret(server.uri("asked")), Map.of());
        TargetRoom room = new TargetRoom(target, FilterConfig.EVERYTHING, "asked", event -> {});
        Confirmation slow = (question, plan) -> {
            try {
                server.execute(
                        "asked", "insert into public.old values (2)", "create table public.precious (i integer)");
            } catch (SQLException refusal) {
                throw new IllegalStateException(refusal);
            }
            return true;
        };

        MigrationException refused = catchThrowableOfType(MigrationException.class, () -> room.confirm(slow, false));

        assertThat(refused.failure().kind()).isEqualTo(FailureKind.CHECK_REFUSED);
        assertThat(refused.failure().why()).isEqualTo("new is: table public.precious");
        room.confirm((question, plan) -> true, false);
    }

    private static final String[] EXTENSION = {
        "set allow_system_table_mods = on",
        "create extension hstore",
        "create table public.part (id integer primary key, builtin boolean)",
        "create table public.sub (id integer references public.part)",
        "alter extension hstore add table public.part",
        "alter extension hstore add table public.sub",
        "insert into public.part values (1, true)"
    };

    private static final List<ExtensionTable> TABLES = List.of(
            new ExtensionTable(new QualifiedName("public", "part"), "where not builtin"),
            new ExtensionTable(new QualifiedName("public", "sub"), ""),
            new ExtensionTable(new QualifiedName("public", "comes with the extension"), ""));

    @Test
    void rowsInTheTablesOfAnExtensionThatStaysRefuseACopyUnlessAnEarlierOneHasWrittenThem(ServerPool servers)
            throws Exception {
        PostgresServer server = servers.target(17);
        server.createDatabase("extended");
        server.execute("extended", EXTENSION);
        Database target = Database.parse(Side.TARGET, new Secret(server.uri("extended")), Map.of());
        try (Connection connection = server.connect("extended")) {
            connection.createStatement().execute("create schema pgmigrator");
            RoomRecord.createTable(connection);
            ExtensionTables.createTable(connection);
        }
        FilterConfig elsewhere = new FilterConfig(List.of("elsewhere"), List.of(), List.of(), List.of());

        new TargetRoom(target, elsewhere, "first", event -> {}).claim(TABLES);
        server.execute(
                "extended", "insert into public.part values (2, false)", "insert into public.sub values (1), (2)");

        MigrationException refused = catchThrowableOfType(
                MigrationException.class,
                () -> new TargetRoom(target, elsewhere, "another", event -> {}).claim(TABLES));
        assertThat(refused.failure().kind()).isEqualTo(FailureKind.RESTORE_FAILED);
        assertThat(refused.failure().what()).contains("public.part, public.sub");
        assertThat(refused.failure().remedy()).contains("DELETE FROM ONLY \"public\".\"part\" where not builtin;");

        TargetRoom again = new TargetRoom(target, elsewhere, "first", event -> {});
        try (Connection connection = server.connect("extended")) {
            again.remember(connection);
        }
        again.removeAllOfIt();
        again.claim(TABLES);
        assertThat(server.rows("extended", "select id from public.part")).containsExactly("1");
        assertThat(server.rows("extended", "select id from public.sub")).isEmpty();
    }

    @Test
    void beforeTheCopyWritesNothingIsItsOwn(ServerPool servers) throws Exception {
        PostgresServer server = servers.target(17);
        server.createDatabase("foreign_room");
        Database target = Database.parse(Side.TARGET, new Secret(server.uri("foreign_room")), Map.of());
        TargetRoom room = new TargetRoom(target, FilterConfig.EVERYTHING, "first", event -> {});
        room.look();
        server.execute("foreign_room", "create table public.precious (i integer)");

        room.removePartialCopy();

        assertThat(server.rows("foreign_room", "select * from public.precious")).isEmpty();
        MigrationException refused = catchThrowableOfType(MigrationException.class, () -> room.look());
        assertThat(refused.failure().kind()).isEqualTo(FailureKind.CHECK_REFUSED);
        assertThat(refused.failure().why())
                .isEqualTo("this migration has not written to it yet, and it has table public.precious");
    }

    @Test
    void whatTheDatabaseItselfHadBeforeTheCopyStaysWhenThatIsRemoved(ServerPool servers) throws Exception {
        PostgresServer server = servers.target(17);
        server.createDatabase("provided");
        server.execute(
                "provided",
                "create extension hstore schema public",
                "create publication cdc",
                "create foreign data wrapper wrapper",
                "create server remote foreign data wrapper wrapper",
                "create schema pgmigrator");
        Database target = Database.parse(Side.TARGET, new Secret(server.uri("provided")), Map.of());
        TargetRoom first = new TargetRoom(target, FilterConfig.EVERYTHING, "first", event -> {});
        first.look();
        try (Connection connection = server.connect("provided")) {
            RoomRecord.createTable(connection);
            ExtensionTables.createTable(connection);
            first.claim(List.of());
            server.execute(
                    "provided",
                    "create extension citext schema public",
                    "create publication ours",
                    "create table public.t (h public.hstore)",
                    "create schema app",
                    "create table app.t (i integer)");

            TargetRoom again = new TargetRoom(target, FilterConfig.EVERYTHING, "first", event -> {});
            again.remember(connection);
            again.removeAllOfIt();
        }

        assertThat(server.rows("provided", "select extname from pg_extension order by 1"))
                .containsExactly("hstore", "plpgsql");
        assertThat(server.rows("provided", "select pubname from pg_publication"))
                .containsExactly("cdc");
        assertThat(server.rows("provided", "select srvname from pg_foreign_server"))
                .containsExactly("remote");
        assertThat(server.rows("provided", "select nspname from pg_namespace where nspname = 'app'"))
                .isEmpty();
        assertThat(server.rows("provided", "select to_regclass('public.t')::text is null"))
                .containsExactly("t");
    }

    @Test
    void whatIsThereWhenTheCopyBeginsToWriteRefusesIt(ServerPool servers) throws Exception {
        PostgresServer server = servers.target(17);
        server.createDatabase("claimed");
        server.execute("claimed", "create schema pgmigrator", "create extension hstore");
        Database target = Database.parse(Side.TARGET, new Secret(server.uri("claimed")), Map.of());
        try (Connection connection = server.connect("claimed")) {
            RoomRecord.createTable(connection);
            ExtensionTables.createTable(connection);
            TargetRoom room = new TargetRoom(target, FilterConfig.EVERYTHING, "first", event -> {});
            room.look();
            server.execute("claimed", "create table public.precious (i integer)");

            MigrationException refused = catchThrowableOfType(MigrationException.class, () -> room.claim(List.of()));

            assertThat(refused.failure().kind()).isEqualTo(FailureKind.CHECK_REFUSED);
            assertThat(refused.failure().why()).isEqualTo("it has table public.precious");
            room.removePartialCopy();
            assertThat(server.rows("claimed", "select * from public.precious")).isEmpty();

            server.execute("claimed", "drop table public.precious");
            room.claim(List.of());
            assertThat(RoomRecord.read(connection, "first").filling()).isTrue();
            server.execute("claimed", "create table public.copied (i integer)");
            room.removeAllOfIt();
            assertThat(RoomRecord.read(connection, "first"))
                    .isEqualTo(new RoomRecord(false, Set.of("extension hstore")));
            assertThat(server.rows("claimed", "select to_regclass('public.copied')::text is null"))
                    .containsExactly("t");
        }
    }

    @Test
    void whatWasAgreedToGoIsAskedAboutOnce(ServerPool servers) throws Exception {
        PostgresServer server = servers.target(17);
        server.createDatabase("agreed");
        server.execute("agreed", "create table public.old (i integer)");
        Database target = Database.parse(Side.TARGET, new Secret(server.uri("agreed")), Map.of());
        TargetRoom room = new TargetRoom(target, FilterConfig.EVERYTHING, "agreed", event -> {});
        room.confirm((question, plan) -> true, false);
        room.drop();
        Confirmation never = (question, plan) -> {
            throw new AssertionError("asked again");
        };

        room.confirm(never, false);
        assertThat(room.untouched()).startsWith("the target was emptied");
        server.execute("agreed", "create table public.old (i integer)");
        assertThat(catchThrowableOfType(MigrationException.class, () -> room.confirm(never, true))
                        .failure()
                        .why())
                .isEqualTo("new is: table public.old");
    }
}
