package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.pgmigrator.cli.migrate.HearingSignals;

/// One run of the program, in a process of its own with its own folder for temporary files.
final class Program implements AutoCloseable {

    /// Longer than anything takes on a loaded machine; only a failing test waits for it.
    static final Duration PATIENCE = Duration.ofMinutes(4);

    private final Process process;
    private final Path out;
    private final Path err;
    private final Path temporary;

    private Program(Process process, Path out, Path err, Path temporary) {
        this.process = process;
        this.out = out;
        this.err = err;
        this.temporary = temporary;
    }

    /// Starts it as the launcher does.
    ///
    /// @param folder the working folder, where its log goes
    /// @param heap such as `512m`
    /// @param environment added to this process's own, from which libpq's variables are taken out
    static Program start(Path folder, String heap, Map<String, String> environment, List<String> arguments) {
        try {
            Path temporary = Files.createTempDirectory(folder, "tmp");
            Path out = Files.createTempFile(folder, "out", ".txt");
            Path err = Files.createTempFile(folder, "err", ".txt");
            List<String> command = new ArrayList<>(HearingSignals.prefix());
            command.addAll(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC",
                    // Seconds of work: what the better compiler costs, it would never earn.
                    "-XX:TieredStopAtLevel=1",
                    "-Xmx" + heap,
                    "-XX:OnOutOfMemoryError=kill -9 %p",
                    "--enable-native-access=ALL-UNNAMED",
                    "-Djava.io.tmpdir=" + temporary,
                    "-cp",
                    System.getProperty("java.class.path"),
                    "org.pgmigrator.cli.Main"));
            command.addAll(arguments);
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectInput(Path.of("/dev/null").toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile());
            builder.environment()
                    .keySet()
                    .removeIf(name -> name.startsWith("PG") && !name.equals("PG_MIGRATOR_CLIENTS"));
            builder.environment().putAll(environment);
            return new Program(builder.start(), out, err, temporary);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// What it has printed on stdout so far.
    String out() {
        return read(out);
    }

    /// What it has printed on stderr so far.
    String err() {
        return read(err);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Its children and theirs, such as pg_dump and the processes of its jobs.
    List<ProcessHandle> children() {
        return process.descendants().toList();
    }

    /// Whether a process has ended. A zombie has: it waits only for a parent, which may be a container's first process
    /// that never asks.
    static boolean hasEnded(ProcessHandle handle) {
        try {
            return !handle.isAlive()
                    || Files.readString(Path.of("/proc", String.valueOf(handle.pid()), "stat"))
                            .contains(") Z ");
        } catch (IOException gone) {
            return true;
        }
    }

    /// What it has left in its folder for temporary files.
    List<String> temporaryFiles() {
        try (Stream<Path> files = Files.list(temporary)) {
            return files.map(file -> file.getFileName().toString())
                    // The virtual machine's own, not subject to java.io.tmpdir on every system.
                    .filter(name -> !name.startsWith("hsperfdata"))
                    .toList();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Waits until it has printed `text`; it must not end before that.
    Program awaitOut(String text) {
        awaitRunning("it has printed \"" + text + "\"", () -> out().contains(text));
        return this;
    }

    /// Waits for a condition outside; the program must not end before it holds.
    void awaitRunning(String what, Callable<Boolean> condition) {
        await().alias(what)
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .failFast(() -> assertThat(isAlive() || condition.call())
                        .as(() -> what + ", but the program has ended:\n" + told())
                        .isTrue())
                .until(condition);
    }

    /// Sends a signal by its name, such as `INT`.
    void signal(String name) {
        try {
            int code = new ProcessBuilder("kill", "-" + name, String.valueOf(pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
            assertThat(code).as("kill -" + name).isZero();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(stop);
        }
    }

    /// Waits until SIGSTOP has stopped every thread of it.
    void awaitStopped() {
        await().alias("it is stopped").atMost(PATIENCE).until(() -> {
            try (Stream<Path> threads = Files.list(Path.of("/proc", String.valueOf(pid()), "task"))) {
                return threads.allMatch(Program::isStopped);
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

    /// `kill -9`, and waits until it is gone.
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /// Waits for its end, which must come with this exit code.
    Program awaitExit(int code) throws InterruptedException {
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as(() -> "the program ends within " + PATIENCE + ":\n" + told())
                .isTrue();
        assertThat(process.exitValue()).as(this::told).isEqualTo(code);
        return this;
    }

    int awaitAnyExit() throws InterruptedException {
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as(() -> "the program ends within " + PATIENCE + ":\n" + told())
                .isTrue();
        return process.exitValue();
    }

    /// How many failures it has told; each begins with `error KIND:` on stderr.
    long errorCount() {
        return err().lines().filter(line -> line.startsWith("error ")).count();
    }

    /// Everything it has printed, for the message of a failed assertion.
    String told() {
        return "--- stdout\n" + out() + "--- stderr\n" + err() + "---";
    }

    @Override
    public void close() {
        children().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
