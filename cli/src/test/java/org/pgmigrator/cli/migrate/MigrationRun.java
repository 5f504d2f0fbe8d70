package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.pgmigrator.cli.Main;
import org.pgmigrator.core.fault.FaultPoint;

/// `pg-migrator migrate --json`, or another command, as a process of its own: what it says, and the signals that an
/// operator sends.
///
/// Each `await` goes on behind the line that the one before has found, so nothing is missed between them, and fails
/// with everything that was said when the process has ended or the deadline has passed.
final class MigrationRun implements AutoCloseable {

    /// Reached only if something hangs, also on a machine that is busy with other things.
    static final Duration DEADLINE = Duration.ofMinutes(3);

    /// Where the logs stay, for whoever has to find out.
    private static final Path FOLDER = Path.of("target", "migrate-it").toAbsolutePath();

    private final Process process;
    private final Path errors;
    private final Thread reader;
    private final List<JsonLine> lines = new ArrayList<>();
    private boolean ended;
    private int seen;

    private MigrationRun(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
        this.reader = Thread.ofPlatform().daemon().name("stdout").start(this::read);
    }

    /// Migrates the pair with a heartbeat of 200 ms and a slot of its own.
    static MigrationRun start(DatabasePair databases, String... options) throws IOException {
        List<String> all = new ArrayList<>(List.of("--cutover-poll-secs=200ms", "--slot-name=" + databases.name()));
        all.addAll(List.of(options));
        return command(databases, "migrate", all.toArray(String[]::new));
    }

    /// As [#start], and waits at this point of the cutover until `file`, which it makes there, is removed.
    static MigrationRun startAndWaitAt(FaultPoint point, Path file, DatabasePair databases, String... options)
            throws IOException {
        List<String> all = new ArrayList<>(List.of(
                "--cutover-poll-secs=200ms",
                "--slot-name=" + databases.name(),
                "--log-file=" + FOLDER.resolve(databases.name() + "-" + point + ".log")));
        all.addAll(List.of(options));
        return launch(
                databases,
                "migrate",
                Map.of("PG_MIGRATOR_TEST_FAULT", point + ":pause=" + file),
                all.toArray(String[]::new));
    }

    /// `status --watch`, which writes no log.
    static MigrationRun watch(DatabasePair databases) throws IOException {
        return launch(databases, "status", "--watch=200ms");
    }

    /// Any command on the pair.
    static MigrationRun command(DatabasePair databases, String name, String... options) throws IOException {
        Path log = FOLDER.resolve(databases.name() + "-" + name + "-" + System.nanoTime() + ".log");
        List<String> all = new ArrayList<>(List.of("--log-file=" + log));
        all.addAll(List.of(options));
        return launch(databases, name, all.toArray(String[]::new));
    }

    private static MigrationRun launch(DatabasePair databases, String name, String... options) throws IOException {
        return launch(databases, name, Map.of(), options);
    }

    private static MigrationRun launch(
            DatabasePair databases, String name, Map<String, String> variables, String... options) throws IOException {
        Files.createDirectories(FOLDER);
        Path errors = Files.createTempFile(FOLDER, databases.name() + "-", ".err");
        List<String> command = new ArrayList<>(HearingSignals.prefix());
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                // Seconds of work: what the better compiler costs, it would never earn.
                "-XX:TieredStopAtLevel=1",
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                name,
                "--json"));
        command.addAll(List.of(options));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(variable -> variable.startsWith("PG") && !variable.equals("PG_MIGRATOR_CLIENTS"));
        environment.put("PG_MIGRATOR_SOURCE", databases.source().uri(databases.name()));
        environment.put("PG_MIGRATOR_TARGET", databases.target().uri(databases.name()));
        environment.putAll(variables);
        return new MigrationRun(builder.start(), errors);
    }

    private void read() {
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                JsonLine parsed = new JsonLine(line);
                synchronized (this) {
                    lines.add(parsed);
                    notifyAll();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            synchronized (this) {
                ended = true;
                notifyAll();
            }
        }
    }

    /// Waits for a line that fits.
    synchronized JsonLine await(String what, Predicate<JsonLine> fits) throws InterruptedException {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (true) {
            while (seen < lines.size()) {
                JsonLine line = lines.get(seen++);
                if (fits.test(line)) {
                    return line;
                }
            }
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (ended || left <= 0) {
                throw new AssertionError((ended ? "it ended without " : "waited in vain for ") + what + "\n" + told());
            }
            wait(left);
        }
    }

    JsonLine awaitEvent(String event) throws InterruptedException {
        return await(event, line -> line.is(event));
    }

    JsonLine awaitWarning(String text) throws InterruptedException {
        return await(
                "a warning with \"" + text + "\"",
                line -> line.is("warning") && line.text("text").contains(text));
    }

    MigrationRun awaitCaughtUp() throws InterruptedException {
        awaitEvent("caught_up");
        return this;
    }

    /// Ctrl+C.
    MigrationRun interrupt() throws IOException, InterruptedException {
        return signal("INT");
    }

    /// kill -9, of the process alone: its children are left to themselves.
    void kill() throws IOException, InterruptedException {
        signal("KILL").process.waitFor();
    }

    long pid() {
        return process.pid();
    }

    MigrationRun terminate() throws IOException, InterruptedException {
        return signal("TERM");
    }

    /// By `kill`: Java knows no INT, and its TERM closes the streams that are still to be read.
    private MigrationRun signal(String name) throws IOException, InterruptedException {
        ProcessBuilder kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()));
        assertThat(kill.start().waitFor()).as("kill -" + name).isZero();
        return this;
    }

    /// Waits for the end of the process and of what it says.
    Ended awaitEnd() throws InterruptedException {
        if (!process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("it does not end\n" + told());
        }
        reader.join();
        synchronized (this) {
            return new Ended(process.exitValue(), lines, errors());
        }
    }

    private synchronized String told() {
        return told(lines, errors());
    }

    /// Everything that may explain a failure: not what was found in order, and not the heartbeats.
    private static String told(List<JsonLine> lines, String err) {
        StringBuilder told = new StringBuilder();
        lines.stream()
                .filter(line -> !line.is("lag"))
                .filter(line -> !line.is("finding") || !line.text("severity").equals("OK"))
                .forEach(line -> told.append(line).append('\n'));
        return told.append(err).toString();
    }

    private String errors() {
        try {
            return Files.readString(errors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A test that has failed leaves no process behind.
    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        try {
            process.destroyForcibly().waitFor();
            reader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// What is known after the end.
    ///
    /// @param lines everything it said on stdout
    /// @param err everything it said on stderr
    record Ended(int exitCode, List<JsonLine> lines, String err) {
        Ended {
            lines = List.copyOf(lines);
        }

        Ended assertDone() {
            assertThat(exitCode).as(this::told).isZero();
            return this;
        }

        /// The line that tells of the failure.
        JsonLine assertFailed(int expectedExitCode, String kind) {
            assertThat(exitCode).as(this::told).isEqualTo(expectedExitCode);
            JsonLine failure = only("failure");
            assertThat(failure.text("kind")).as(this::told).isEqualTo(kind);
            assertThat(failure.number("exit_code")).isEqualTo(expectedExitCode);
            return failure;
        }

        List<JsonLine> all(String event) {
            return lines.stream().filter(line -> line.is(event)).toList();
        }

        JsonLine only(String event) {
            assertThat(all(event)).as(this::told).hasSize(1);
            return all(event).getFirst();
        }

        private String told() {
            return MigrationRun.told(lines, err);
        }
    }
}
