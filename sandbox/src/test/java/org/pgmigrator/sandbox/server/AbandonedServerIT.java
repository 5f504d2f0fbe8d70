package org.pgmigrator.sandbox.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/// What becomes of a server whose JVM ends without closing it.
class AbandonedServerIT {

    private static final Duration DEADLINE = Duration.ofSeconds(20);

    /// A JVM that starts a server, says where, and waits to be ended from outside.
    static final class Owner {

        public static void main(String[] arguments) throws InterruptedException {
            EmbeddedServer server = EmbeddedServer.start(17);
            long pid = PostmasterPid.read(server.dataDirectory()).orElseThrow().pid();
            System.out.println(pid + " " + server.dataDirectory());
            Thread.sleep(Duration.ofMinutes(1));
        }
    }

    private record Owned(Process owner, long postmaster, Path directory) {

        static Owned start() throws IOException {
            Process owner = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Owner.class.getName())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            BufferedReader output =
                    new BufferedReader(new InputStreamReader(owner.getInputStream(), StandardCharsets.UTF_8));
            String[] words = String.valueOf(output.readLine()).split(" ", 2);
            return new Owned(owner, Long.parseLong(words[0]), Path.of(words[1]).resolveSibling(""));
        }

        boolean isServerGone() {
            return ProcessHandle.of(postmaster).isEmpty();
        }
    }

    @Test
    void terminatedJvmLeavesNothing() throws Exception {
        Owned owned = Owned.start();
        owned.owner().destroy();
        assertThat(owned.owner().waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS))
                .isTrue();
        assertThat(owned.isServerGone()).isTrue();
        assertThat(owned.directory()).doesNotExist();
    }

    @Test
    void killedJvmTakesItsServerAlongAndTheNextStartRemovesTheFiles() throws Exception {
        Owned owned = Owned.start();
        owned.owner().destroyForcibly();
        await(owned::isServerGone);
        assertThat(owned.directory()).exists();

        InstanceDirectory.removeAbandoned();
        assertThat(owned.directory())
                .as("may just be being made by somebody else")
                .exists();

        Files.setLastModifiedTime(owned.directory(), FileTime.from(Instant.now().minus(Duration.ofHours(1))));
        InstanceDirectory.removeAbandoned();
        assertThat(owned.directory()).doesNotExist();
    }

    @Test
    void runningServersAreNotTakenForAbandoned() throws Exception {
        Owned owned = Owned.start();
        try (EmbeddedServer own = EmbeddedServer.start(17)) {
            for (Path directory :
                    new Path[] {owned.directory(), own.dataDirectory().resolveSibling("")}) {
                Files.setLastModifiedTime(directory, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
            }
            InstanceDirectory.removeAbandoned();
            assertThat(owned.directory()).exists();
            assertThat(owned.isServerGone()).isFalse();
            assertThat(own.value("postgres", "SELECT 1")).isEqualTo("1");
        } finally {
            owned.owner().destroy();
            owned.owner().waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        }
        assertThat(owned.directory()).doesNotExist();
    }

    @Test
    void processThatGotTheNumberOfADeadServerIsLeftAlone() throws Exception {
        Process other = new ProcessBuilder("sleep", "60").start();
        Path directory = Files.createTempDirectory("pg-migrator-server-");
        try {
            Path data = Files.createDirectory(directory.resolve("data"));
            Files.writeString(data.resolve("postmaster.pid"), other.pid() + "\n\n1\n5432\n\n127.0.0.1\n1 1\nready\n");
            Files.setLastModifiedTime(directory, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
            InstanceDirectory.removeAbandoned();
            assertThat(directory).doesNotExist();
            assertThat(other.isAlive()).isTrue();
        } finally {
            other.destroyForcibly();
            FileTree.delete(directory);
        }
    }

    @Test
    void foldersOfOtherUsersAreLeftAlone() throws Exception {
        assumeTrue(ServerAccount.ownUid() == 0, "only root can make a folder of another user");
        Path directory = Files.createTempDirectory("pg-migrator-server-");
        try {
            Files.setAttribute(directory, "unix:uid", 65534);
            Files.setLastModifiedTime(directory, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
            InstanceDirectory.removeAbandoned();
            assertThat(directory).exists();
        } finally {
            FileTree.delete(directory);
        }
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.getAsBoolean() && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }
}
