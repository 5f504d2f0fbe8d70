package org.pgmigrator.core.copy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One run of a program in its own process group, which the terminal's Ctrl+C does not reach and which ends with us.
///
/// [#run] is called by one thread and returns when the program, its own children and the readers of its output have
/// ended; an interrupt of that thread ends them all.
///
/// The program is started by a thread that lives as long as the program does: the kernel sends the signal of
/// `PR_SET_PDEATHSIG` when the thread that started the child ends, not when the process does (see
/// https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html).
final class ChildProcess {

    private static final Logger LOG = LoggerFactory.getLogger(ChildProcess.class);

    /// What pg_dump needs to cancel its statements on the server, with a slow network to spare.
    private static final Duration TERM_GRACE = Duration.ofSeconds(10);

    /// After KILL only the kernel is waited for.
    private static final Duration KILL_GRACE = Duration.ofSeconds(5);

    private final List<String> command;
    private final Map<String, String> environment;
    private final Consumer<String> standardOutput;
    private final Consumer<String> standardError;
    private final Duration termGrace;

    /// @param command        the program and its arguments, which every user of the machine can see
    /// @param environment    the whole environment of the program
    /// @param standardOutput receives each line, on a thread of its own
    /// @param standardError  receives each line, on a thread of its own
    ChildProcess(
            List<String> command,
            Map<String, String> environment,
            Consumer<String> standardOutput,
            Consumer<String> standardError) {
        this(command, environment, standardOutput, standardError, TERM_GRACE);
    }

    /// @param termGrace how long the program may take to end by itself before it is killed
    ChildProcess(
            List<String> command,
            Map<String, String> environment,
            Consumer<String> standardOutput,
            Consumer<String> standardError,
            Duration termGrace) {
        this.command = List.copyOf(command);
        this.environment = Map.copyOf(environment);
        this.standardOutput = standardOutput;
        this.standardError = standardError;
        this.termGrace = termGrace;
    }

    /// Runs the program to its end.
    ///
    /// @return its exit code
    /// @throws InterruptedException after the program and all that it started are gone
    /// @throws IOException if it cannot be started
    int run() throws InterruptedException, IOException {
        CompletableFuture<Process> start = new CompletableFuture<>();
        String program = command.getFirst().substring(command.getFirst().lastIndexOf('/') + 1);
        List<String> prefix = new ArrayList<>(ProcessGroup.prefix());
        Thread keeper = Thread.ofPlatform().name("child-" + program).start(() -> keep(prefix, start));
        Process process = started(start);
        LOG.debug("child started program={} pid={}", program, process.pid());
        OutputReader output = new OutputReader(program + "-stdout", process.getInputStream(), standardOutput);
        OutputReader error = new OutputReader(program + "-stderr", process.getErrorStream(), standardError);
        try {
            int exit = process.waitFor();
            output.finish();
            error.finish();
            keeper.join();
            LOG.debug("child ended program={} pid={} exit={}", program, process.pid(), exit);
            return exit;
        } catch (InterruptedException stop) {
            LOG.info("child is stopped program={} pid={}", program, process.pid());
            end(process);
            throw stop;
        }
    }

    private void keep(List<String> prefix, CompletableFuture<Process> start) {
        try {
            ProcessBuilder builder = new ProcessBuilder(prefix);
            builder.command().addAll(command);
            builder.environment().clear();
            builder.environment().putAll(environment);
            builder.redirectInput(ProcessBuilder.Redirect.from(ProcessGroup.NOTHING));
            Process process = builder.start();
            start.complete(process);
            process.waitFor();
        } catch (IOException failure) {
            start.completeExceptionally(failure);
        } catch (InterruptedException impossible) {
            // Nobody has a reference to this thread that interrupts it.
            Thread.currentThread().interrupt();
            start.completeExceptionally(impossible);
        }
    }

    /// Waits for the start even when interrupted: a child that was started must be known to be ended.
    private static Process started(CompletableFuture<Process> start) throws IOException {
        try {
            return start.join();
        } catch (CompletionException failure) {
            if (failure.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw failure;
        }
    }

    /// TERM, then KILL, to the program and everything that it started; waits until they are gone, interrupted or not.
    private void end(Process process) {
        List<ProcessHandle> family = family(process);
        family.forEach(ProcessHandle::destroy);
        if (!ProcessGroup.awaitEnd(family, termGrace)) {
            List<ProcessHandle> stubborn = new ArrayList<>(family);
            stubborn.addAll(family(process));
            stubborn.forEach(ProcessHandle::destroyForcibly);
            if (!ProcessGroup.awaitEnd(stubborn, KILL_GRACE)) {
                LOG.error("child does not end, even when killed pid={}", process.pid());
            }
        }
    }

    private static List<ProcessHandle> family(Process process) {
        List<ProcessHandle> family = new ArrayList<>();
        family.add(process.toHandle());
        process.descendants().forEach(family::add);
        return family;
    }

    /// Reads one stream to its end, so that the program is never held up by a full pipe.
    private static final class OutputReader {

        /// Longest wait for the end of a stream whose program has ended: somebody else may have inherited it.
        private static final Duration LIMIT = Duration.ofSeconds(10);

        private final AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
        private final Thread thread;

        OutputReader(String name, InputStream stream, Consumer<String> receiver) {
            thread = Thread.ofPlatform().name(name).daemon().start(() -> read(stream, receiver));
        }

        private void read(InputStream stream, Consumer<String> receiver) {
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    deliver(line, receiver);
                }
            } catch (IOException closed) {
                LOG.debug("child's output ended reason={}", closed.toString());
            }
        }

        private void deliver(String line, Consumer<String> receiver) {
            try {
                receiver.accept(line);
            } catch (RuntimeException bug) {
                failure.compareAndSet(null, bug);
            }
        }

        void finish() throws InterruptedException, IOException {
            if (!thread.join(LIMIT)) {
                throw new IOException(thread.getName() + " was not closed when the program ended");
            }
            RuntimeException bug = failure.get();
            if (bug != null) {
                throw bug;
            }
        }
    }
}
