package org.pgmigrator.core.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildProcessTest {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final List<String> output = Collections.synchronizedList(new ArrayList<>());
    private final List<String> errors = Collections.synchronizedList(new ArrayList<>());

    private final AtomicReference<Exception> ended = new AtomicReference<>();

    @TempDir
    Path folder;

    @Test
    void deliversBothStreamsWholeAndTheExitCode() throws Exception {
        int exit = shell("for i in $(seq 1 20000); do echo line $i; done; echo problem >&2; exit 3")
                .run();

        assertThat(exit).isEqualTo(3);
        assertThat(output).hasSize(20_000).last().isEqualTo("line 20000");
        assertThat(errors).containsExactly("problem");
    }

    @Test
    void givesTheChildItsOwnProcessGroupAndOnlyTheGivenEnvironment() throws Exception {
        shell("echo $$; ps -o pgid= -p $$; env").run();

        assertThat(output.get(1).strip()).isEqualTo(output.get(0));
        assertThat(output).contains("GIVEN=yes").noneMatch(line -> line.startsWith("HOME="));
    }

    @Test
    void endsTheChildAndItsChildrenWhenInterrupted() throws Exception {
        Path pids = folder.resolve("pids");
        Thread thread = interruptible("sleep 300 & echo $! > " + pids + "; echo $$ >> " + pids + "; wait");
        List<Long> children = pidsIn(pids);

        thread.interrupt();

        assertThat(thread.join(LIMIT)).isTrue();
        assertThat(ended.get()).isInstanceOf(InterruptedException.class);
        assertThat(children).hasSize(2).allMatch(ChildProcessTest::isGone);
    }

    @Test
    void killsAChildThatDoesNotHearTerm() throws Exception {
        Path pids = folder.resolve("pids");
        Thread thread = interruptible("trap '' TERM; sleep 300 & echo $! > " + pids + "; echo $$ >> " + pids
                + "; while true; do wait; sleep 1; done");
        List<Long> children = pidsIn(pids);

        thread.interrupt();

        assertThat(thread.join(LIMIT)).isTrue();
        assertThat(ended.get()).isInstanceOf(InterruptedException.class);
        assertThat(children).hasSize(2).allMatch(ChildProcessTest::isGone);
    }

    @Test
    void endsTheChildWhenThisProcessIsKilled() throws Exception {
        assumeThat(ProcessGroup.prefix()).contains("setpriv");
        Path pid = folder.resolve("pid");
        Process host = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Host.class.getName(),
                        "echo $$ >> " + pid + "; echo $$ >> " + pid + "; exec sleep 300")
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("host.log").toFile())
                .start();
        try {
            List<Long> child = pidsIn(pid);
            assertThat(ProcessHandle.of(child.getFirst()))
                    .hasValueSatisfying(handle -> assertThat(handle.isAlive()).isTrue());

            host.destroyForcibly();

            await().atMost(LIMIT).until(() -> isGone(child.getFirst()));
        } finally {
            host.destroyForcibly();
        }
    }

    /// A process of its own that runs a shell script as its child.
    static final class Host {

        private Host() {}

        public static void main(String[] arguments) throws Exception {
            new ChildProcess(
                            List.of("/bin/sh", "-c", arguments[0]),
                            Map.of("PATH", System.getenv("PATH")),
                            line -> {},
                            line -> {})
                    .run();
        }
    }

    @Test
    void reportsAProgramThatCannotBeStarted() {
        // With setsid in front it is setsid that says so, with the shell's exit codes.
        ChildProcess missing = new ChildProcess(
                List.of("/nonexistent/pg_dump"), Map.of("PATH", System.getenv("PATH")), output::add, errors::add);

        assertThatThrownBy(() -> {
                    int exit = missing.run();
                    throw new IOException("exit " + exit + " " + errors);
                })
                .isInstanceOf(IOException.class)
                .hasMessageMatching("(?s).*(exit 12[67]|No such file).*");
    }

    private ChildProcess shell(String script) {
        return new ChildProcess(
                List.of("/bin/sh", "-c", script),
                Map.of("PATH", System.getenv("PATH"), "GIVEN", "yes"),
                output::add,
                errors::add,
                Duration.ofMillis(500));
    }

    /// Runs the script on a thread that is expected to end with an InterruptedException.
    private Thread interruptible(String script) {
        return Thread.ofPlatform().start(() -> {
            try {
                shell(script).run();
            } catch (InterruptedException | IOException expected) {
                ended.set(expected);
            }
        });
    }

    private static List<Long> pidsIn(Path file) throws IOException {
        await().atMost(LIMIT)
                .until(() -> Files.exists(file) && Files.readAllLines(file).size() == 2);
        return Files.readAllLines(file).stream().map(Long::parseLong).toList();
    }

    private static boolean isGone(long pid) {
        return ProcessHandle.of(pid)
                .map(handle -> ProcessGroup.awaitEnd(List.of(handle), Duration.ofSeconds(1)))
                .orElse(true);
    }
}
