package org.pgmigrator.core.cutover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;

/// A process that is killed or stopped while it holds the lock: the source is free within ten seconds.
@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {15, 17})
@Timeout(120)
@ExtendWith(SharedServers.class)
class LockProcessIT {

    private static final Duration FREE = Duration.ofSeconds(10);

    @Parameter
    int major;

    @SuppressWarnings("NullAway.Init")
    private static PostgresServer server;

    private SourceScene scene;
    private Process process;
    private BufferedReader out;
    private Writer in;

    @BeforeParameterizedClassInvocation
    static void startServer(int major, ServerPool servers) {
        server = servers.source(major);
    }

    @BeforeEach
    void startHolder() throws Exception {
        scene = new SourceScene(server, SourceScene.TABLES);
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx128m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LockHolder.class.getName(),
                        server.uri(scene.name))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        in = process.outputWriter(StandardCharsets.UTF_8);
    }

    @AfterEach
    void leave() throws Exception {
        process.destroyForcibly().waitFor();
        scene.close();
    }

    private void awaitLine(String wanted) throws IOException {
        String line = out.readLine();
        while (line != null && !line.equals(wanted)) {
            line = out.readLine();
        }
        assertThat(line).as("the holder says it").isEqualTo(wanted);
    }

    private void goOn() throws IOException {
        in.write("\n");
        in.flush();
    }

    private void signal(String name) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                        .inheritIO()
                        .start()
                        .waitFor())
                .isZero();
    }

    /// The signal is sent before all threads have stopped.
    private void stop() throws Exception {
        signal("STOP");
        Path tasks = Path.of("/proc", String.valueOf(process.pid()), "task");
        await().atMost(FREE).until(() -> {
            try (Stream<Path> threads = Files.list(tasks)) {
                return threads.allMatch(LockProcessIT::isStopped);
            }
        });
    }

    private static boolean isStopped(Path thread) {
        try {
            return Files.readString(thread.resolve("stat")).contains(") T ");
        } catch (IOException ended) {
            return true;
        }
    }

    private void bringTo(String step) throws Exception {
        for (String each : new String[] {"locked", "before the fence", "before the commit"}) {
            awaitLine(each);
            if (each.equals(step)) {
                return;
            }
            goOn();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"locked", "before the fence", "before the commit"})
    void aKilledProcessFreesTheSource(String step) throws Exception {
        Connection writer = scene.session();
        bringTo(step);
        process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        assertThat(scene.millisecondsToWrite(writer, "insert into plain values (7000)"))
                .isLessThan(FREE.toMillis());
        assertThat(Fence.lookUp(scene.own(), SourceScene.MIGRATION, FREE)).isEqualTo(FenceState.NONE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"locked", "before the fence", "before the commit"})
    void aStoppedProcessFreesTheSourceAndGoesBackWhenItWakes(String step) throws Exception {
        Connection writer = scene.session();
        bringTo(step);
        stop();
        goOn();
        assertThat(scene.millisecondsToWrite(writer, "insert into plain values (7000)"))
                .isLessThan(FREE.toMillis());
        signal("CONT");
        awaitLine(step.equals("before the commit") ? "outcome Unknown" : "outcome NotPlaced");
        assertThat(Fence.lookUp(scene.own(), SourceScene.MIGRATION, FREE)).isEqualTo(FenceState.NONE);
        SourceScene.run(writer, "insert into leaf_1 values (1, 1)");
    }

    @Test
    void aShortStopIsNoLoss() throws Exception {
        bringTo("locked");
        stop();
        Thread.sleep(Duration.ofSeconds(2));
        signal("CONT");
        goOn();
        awaitLine("before the fence");
        goOn();
        awaitLine("before the commit");
        goOn();
        awaitLine("outcome Placed");
        assertThat(Fence.lookUp(scene.own(), SourceScene.MIGRATION, FREE).presence())
                .isEqualTo(FenceState.Presence.EXISTS);
    }
}
