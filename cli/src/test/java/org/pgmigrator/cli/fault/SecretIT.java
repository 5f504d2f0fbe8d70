package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.ServerSpec;

/// Passwords stay where they were given: one in a URI in the environment, the other in PGPASSWORD.
class SecretIT {

    private static final String SOURCE_PASSWORD = "s3cr$t: of/the @source%";
    private static final String TARGET_PASSWORD = "t4rg't \\ word";
    private static final List<String> SECRETS =
            List.of(SOURCE_PASSWORD, TARGET_PASSWORD, encoded(SOURCE_PASSWORD), encoded(TARGET_PASSWORD));

    private static Pair pair;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        pair = Pair.start(
                ServerSpec.of(15).password(SOURCE_PASSWORD), ServerSpec.of(17).password(TARGET_PASSWORD));
    }

    @AfterAll
    static void stop() {
        pair.close();
    }

    @Test
    void noPasswordIsSeenInProcessesFilesOutputOrState() throws Exception {
        try (Move move = pair.move(folder, new Ledger(8))) {
            TcpProxy source = move.sourceProxy();
            TcpProxy target = move.targetProxy();
            move.environment(
                            "PG_MIGRATOR_TARGET", target.asServer(pair.target()).uriWithoutPassword(move.database()))
                    .environment("PGPASSWORD", TARGET_PASSWORD);
            source.throttle(1_500_000);
            target.throttle(1_500_000);
            Program program = move.migrate("--copy", "dump");

            move.awaitBallast(program, pair.source(), "pg_dump");
            assertUnseenInProcesses(program, "pg_dump");
            source.throttle(0);
            move.awaitBallast(program, pair.target(), "pg_restore");
            assertUnseenInProcesses(program, "pg_restore");
            target.throttle(0);

            program.awaitOut("the target has caught up");
            for (String table : List.of("migration", "journal", "progress")) {
                assertUnseen(table, String.join("\n", move.onTarget("SELECT t::text FROM pgmigrator." + table + " t")));
            }
            move.cutOver(program);
            assertUnseenInFiles();
        }
    }

    /// What every user of the machine can read of every process.
    private static void assertUnseenInProcesses(Program program, String tool) throws IOException {
        List<String> commands = commandLines();
        assertThat(commands).as("the look at processes sees " + tool).anyMatch(command -> command.contains(tool));
        assertUnseen("command lines", String.join("\n", commands));
        assertThat(program.children()).as(tool + " still runs").isNotEmpty();
    }

    private static List<String> commandLines() throws IOException {
        List<String> commands = new ArrayList<>();
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            for (Path process : processes
                    .filter(path -> path.getFileName().toString().matches("\\d+"))
                    .toList()) {
                try {
                    byte[] arguments = Files.readAllBytes(process.resolve("cmdline"));
                    commands.add(new String(arguments, StandardCharsets.UTF_8).replace('\0', ' '));
                } catch (IOException ended) {
                    // It ended between the listing and the reading.
                }
            }
        }
        return commands;
    }

    /// The log, stdout, stderr and whatever else lies in the program's folders.
    private void assertUnseenInFiles() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> regular = files.filter(Files::isRegularFile).toList();
            assertThat(regular).hasSizeGreaterThanOrEqualTo(3).contains(folder.resolve("pg-migrator.log"));
            for (Path file : regular) {
                assertUnseen(file.toString(), Files.readString(file));
            }
        }
    }

    private static void assertUnseen(String where, String text) {
        for (String secret : SECRETS) {
            assertThat(text).as(where).doesNotContain(secret);
        }
    }

    private static String encoded(String secret) {
        return URLEncoder.encode(secret, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
