package org.pgmigrator.sandbox.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The running server process of one data directory.
///
/// @param process the postmaster itself: setsid and setpriv replace themselves by it
record Postmaster(Process process, Path data) {

    private static final Duration START_DEADLINE = Duration.ofSeconds(60);
    private static final Duration STOP_DEADLINE = Duration.ofSeconds(60);
    private static final Duration KILL_DEADLINE = Duration.ofSeconds(10);

    private static final Duration CHILDREN_DEADLINE = Duration.ofSeconds(2);

    /// The process ended before it accepted connections.
    static final class NotStarted extends Exception {

        private final String log;

        NotStarted(String log) {
            super(log);
            this.log = log;
        }

        String log() {
            return log;
        }

        boolean isPortTaken() {
            return log.contains("could not bind") || log.contains("could not create any TCP/IP");
        }

        /// Processes of a killed server are still about to end.
        boolean isMemoryInUse() {
            return log.contains("pre-existing shared memory block");
        }
    }

    /// Starts the server and returns when it accepts connections.
    static Postmaster start(ServerBinaries binaries, ServerAccount account, InstanceDirectory directory, int port)
            throws NotStarted {
        Path log = directory.log();
        long logStart = size(log);
        ProcessBuilder builder = new ProcessBuilder(account.command(List.of(
                        binaries.program("postgres").toString(),
                        "-D",
                        directory.data().toString(),
                        "-p",
                        Integer.toString(port))))
                .directory(directory.path().toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        cleanEnvironment(builder);
        Postmaster postmaster = new Postmaster(Launcher.start(builder), directory.data());
        try {
            postmaster.awaitReady(log, logStart);
            return postmaster;
        } catch (SandboxException failure) {
            postmaster.kill();
            throw failure;
        }
    }

    /// Variables such as PGPORT or PGDATA of the caller would change what is started.
    static void cleanEnvironment(ProcessBuilder builder) {
        String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
        builder.environment().clear();
        builder.environment().put("PATH", path);
        builder.environment().put("LC_ALL", "C");
    }

    private void awaitReady(Path log, long logStart) throws NotStarted {
        long deadline = System.nanoTime() + START_DEADLINE.toNanos();
        while (System.nanoTime() < deadline) {
            if (PostmasterPid.read(data)
                    .filter(file -> file.isReady(process.pid()))
                    .isPresent()) {
                return;
            }
            if (await(Duration.ofMillis(10))) {
                throw new NotStarted(textFrom(log, logStart));
            }
        }
        throw new SandboxException("the server accepted no connections within " + START_DEADLINE.toSeconds() + " s:\n"
                + textFrom(log, logStart));
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// Stops in order, and by force if that takes too long, which is an error.
    void stop(StopMode mode) {
        signal(mode.signal());
        if (!await(STOP_DEADLINE)) {
            kill();
            throw new SandboxException(
                    "the server did not stop (" + mode + ") within " + STOP_DEADLINE.toSeconds() + " s and was killed");
        }
    }

    /// Kills the server and all its processes at once, as the kernel or a power failure does. The postmaster goes
    /// first,
    /// so that it cannot react to the death of the others.
    void kill() {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
        if (!await(KILL_DEADLINE)) {
            throw new SandboxException("process " + process.pid() + " cannot be killed");
        }
        // Not an error if some stay: where nobody reaps orphans they remain as zombies.
        long deadline = System.nanoTime() + CHILDREN_DEADLINE.toNanos();
        while (children.stream().anyMatch(ProcessHandle::isAlive) && System.nanoTime() < deadline) {
            pause();
        }
    }

    private void signal(String name) {
        // Process.destroy() knows TERM only, which would wait for all clients to leave by themselves.
        ProcessOutput.of(List.of("sh", "-c", "kill -" + name + " " + process.pid()));
    }

    private boolean await(Duration duration) {
        try {
            return process.waitFor(duration.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException("interrupted while waiting for the server", e);
        }
    }

    private static void pause() {
        try {
            Thread.sleep(5);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException("interrupted while waiting for the server", e);
        }
    }

    private static long size(Path log) {
        try {
            return Files.exists(log) ? Files.size(log) : 0;
        } catch (IOException e) {
            return 0;
        }
    }

    private static String textFrom(Path log, long start) {
        try {
            byte[] all = Files.readAllBytes(log);
            int from = (int) Math.min(start, all.length);
            return new String(all, from, all.length - from, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "(its log cannot be read: " + e.getMessage() + ")";
        }
    }
}
