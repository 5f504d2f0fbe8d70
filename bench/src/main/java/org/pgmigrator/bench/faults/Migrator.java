package org.pgmigrator.bench.faults;

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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One run of the program, started as a user starts it, with what it has said so far.
final class Migrator implements AutoCloseable {

    private static final Pattern PHASE = Pattern.compile("\"phase\":\"([A-Za-z]+)\"");
    private static final int LAST_LINES = 40;

    private final Process process;
    private final Path errors;
    private final Thread reader;
    private final List<String> lines = new ArrayList<>();
    private volatile String phase = "Start";

    private Migrator(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
        this.reader = Thread.ofPlatform().daemon().name("migrator-output").unstarted(this::read);
    }

    /// A job in the background of a shell, and all its children, are deaf to Ctrl+C unless somebody makes them hear.
    private static final List<String> HEARING = List.of("env", "--default-signal=INT");

    /// @param environment holds the connection strings, for they hold passwords
    static Migrator start(Path launcher, Path folder, Map<String, String> environment, List<String> arguments) {
        try {
            Path errors = Files.createTempFile(folder, "stderr", ".txt");
            List<String> command = new ArrayList<>(HEARING);
            command.add(launcher.toString());
            command.addAll(arguments);
            ProcessBuilder builder =
                    new ProcessBuilder(command).directory(folder.toFile()).redirectError(errors.toFile());
            builder.environment().putAll(environment);
            Migrator migrator = new Migrator(builder.start(), errors);
            migrator.reader.start();
            return migrator;
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    private void read() {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                synchronized (lines) {
                    lines.add(line);
                }
                Matcher matcher = PHASE.matcher(line);
                if (matcher.find()) {
                    phase = matcher.group(1);
                }
            }
        } catch (IOException killed) {
            // Its end tells more.
        }
    }

    /// As it said last: one of its phases, or `Start`.
    String phase() {
        return phase;
    }

    boolean isCopying() {
        return switch (phase) {
            case "StreamApply", "CaughtUp", "Cutover" -> false;
            default -> true;
        };
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// @throws IllegalThreadStateException if it is alive
    int exitCode() {
        return process.exitValue();
    }

    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    boolean awaitEnd(Duration limit) throws InterruptedException {
        return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    void signal(String name) throws InterruptedException {
        try {
            new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                    .redirectErrorStream(true)
                    .start()
                    .waitFor();
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    /// The failure that it has told last, in a line.
    String failure() {
        synchronized (lines) {
            return lines.reversed().stream()
                    .filter(line -> line.contains("\"event\":\"failure\""))
                    .findFirst()
                    .orElse("nothing told");
        }
    }

    /// What it has printed last, on both.
    String told() {
        List<String> last;
        synchronized (lines) {
            last = List.copyOf(lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
        }
        try {
            return String.join("\n", last) + "\n--- stderr\n" + Files.readString(errors);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
