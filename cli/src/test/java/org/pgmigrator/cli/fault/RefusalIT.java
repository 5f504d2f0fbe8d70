package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.ServerSpec;

/// What the checks refuse: one message with its remedy, exit code 3, and nothing changed on either side.
class RefusalIT {

    private static final Ledger LEDGER = new Ledger(1);

    private static Pair pair;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        pair = Pair.start(15, 17);
    }

    @AfterAll
    static void stop() {
        pair.close();
    }

    @Test
    void aWrongPasswordIsRefusedWithoutBeingShown() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            String uri =
                    pair.source().uri(move.database()).replace(pair.source().password(), "hunter2");
            Program program = refused(move.environment("PG_MIGRATOR_SOURCE", uri));

            assertThat(program.out()).contains("password authentication failed", "PGPASSWORD");
            assertThat(program.out() + program.err() + Files.readString(move.logFile()))
                    .doesNotContain("hunter2")
                    .doesNotContain(pair.target().password());
        }
    }

    @Test
    void aWrongHostIsRefused() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            move.environment("PG_MIGRATOR_TARGET", "postgresql://postgres@no-such-host.invalid/" + move.database());
            Program program = refused(move);

            assertThat(program.out()).contains("no-such-host.invalid", "Check host");
        }
    }

    @Test
    void aSourceWithoutLogicalWalIsRefused() throws Exception {
        sourceIsRefused(ServerSpec.of(15).setting("wal_level", "replica"), "wal_level", "ALTER SYSTEM SET wal_level");
    }

    @Test
    void aSourceWithoutAFreeSlotIsRefused() throws Exception {
        sourceIsRefused(
                ServerSpec.of(15).setting("max_replication_slots", "1"),
                "max_replication_slots",
                "pg_drop_replication_slot");
    }

    private void sourceIsRefused(ServerSpec spec, String... words) throws Exception {
        try (EmbeddedServer source = EmbeddedServer.start(spec);
                Move move = new Pair(source, pair.target()).move(folder, LEDGER)) {
            source.execute("postgres", "SELECT pg_create_physical_replication_slot('taken')");
            Program program = refused(move);

            assertThat(program.out()).contains(words);
        }
    }

    @Test
    void aTargetThatIsNotEmptyIsRefused() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            pair.target().execute(move.database(), "CREATE TABLE precious (id int)");
            Program program = refused(move);

            assertThat(program.out()).contains("precious", "--drop-target-first");
        }
    }

    @Test
    void droppingTheTargetNeedsAPersonWhoAgrees() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            pair.target().execute(move.database(), "CREATE TABLE precious (id int)");
            Program program = refused(move, "--drop-target-first");

            assertThat(program.err()).contains("1 table", "there is no terminal to ask on", "--yes");
            assertThat(move.onTarget("SELECT count(*) FROM precious")).containsExactly("0");
        }
    }

    @Test
    void aTableWithoutReplicaIdentityIsRefused() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            Program program = refused(move, "--without-identity", "fail");

            assertThat(program.out()).contains("chime", "REPLICA IDENTITY", "--without-identity");
        }
    }

    @Test
    void anOldPgDumpIsRefused() throws Exception {
        try (Move move = pair.move(folder, LEDGER)) {
            Path tools = Files.createDirectory(folder.resolve("tools"));
            for (String tool : List.of("pg_dump", "pg_restore")) {
                Path script =
                        Files.writeString(tools.resolve(tool), "#!/bin/sh\necho '" + tool + " (PostgreSQL) 13.1'\n");
                Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
            Program program = refused(move, "--pg-bindir", tools.toString());

            assertThat(program.out()).contains("13.1 in " + tools, "of version 15", "postgresql-client-15");
        }
    }

    /// Runs the migration, which must be refused by the checks with one message and change nothing.
    private static Program refused(Move move, String... options) throws Exception {
        String everything =
                "SELECT oid::regclass || ' ' || relreplident::text FROM pg_class WHERE relkind = 'r' ORDER BY 1";
        List<String> sourceBefore = move.onSource(everything);
        List<String> targetBefore = move.onTarget(everything);

        Program program = move.migrate(options).awaitExit(3);

        assertThat(program.errorCount()).as(program::told).isEqualTo(1);
        assertThat(program.err())
                .contains("error CHECK_REFUSED", "both databases are as they were", "exit 3")
                .doesNotContain("Exception");
        assertThat(program.temporaryFiles()).isEmpty();
        move.assertNothingOfOursOnTheSource();
        assertThat(move.onSource(everything)).isEqualTo(sourceBefore);
        assertThat(move.onTarget(everything)).isEqualTo(targetBefore);
        assertThat(move.targetSettings()).isEmpty();
        return program;
    }
}
