package org.pgmigrator.core.copy;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How this machine starts a child away from the terminal, and how it is seen to be gone.
final class ProcessGroup {

    /// An empty standard input: a tool that wants to ask for a password fails at once.
    static final File NOTHING = new File("/dev/null");

    private static final Logger LOG = LoggerFactory.getLogger(ProcessGroup.class);

    private static final Duration PROBE_LIMIT = Duration.ofSeconds(5);
    private static final long POLL_MILLIS = 20;

    /// Found once: the machine does not change. Asking twice at the same time does no harm.
    private static volatile @Nullable List<String> prefix;

    private ProcessGroup() {}

    /// What stands before the program's own command.
    ///
    /// `setsid` gives it its own session and process group (https://man7.org/linux/man-pages/man1/setsid.1.html):
    /// ignoring SIGINT would not do, since pg_dump installs a handler of its own. `setpriv --pdeathsig` ends it when we
    /// are killed.
    static List<String> prefix() throws InterruptedException {
        Optional<List<String>> known = Optional.ofNullable(prefix);
        if (known.isEmpty()) {
            known = Optional.of(probe());
            prefix = known.get();
        }
        return known.get();
    }

    /// Whether a Ctrl+C in the terminal leaves the children alone.
    static boolean isApart() throws InterruptedException {
        return !prefix().isEmpty();
    }

    private static List<String> probe() throws InterruptedException {
        List<String> words = new ArrayList<>();
        if (works(List.of("setsid", "true"))) {
            words.add("setsid");
            if (works(List.of("setpriv", "--pdeathsig", "TERM", "true"))) {
                words.addAll(List.of("setpriv", "--pdeathsig", "TERM"));
            }
        }
        LOG.debug("children are started by prefix={}", words);
        return List.copyOf(words);
    }

    private static boolean works(List<String> command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectInput(NOTHING)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try {
                return process.waitFor(PROBE_LIMIT.toMillis(), TimeUnit.MILLISECONDS) && process.exitValue() == 0;
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException absent) {
            return false;
        }
    }

    /// Waits until all are gone, at most `limit`. An interrupt is kept for later: leaving children behind is worse.
    static boolean awaitEnd(List<ProcessHandle> processes, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        boolean interrupted = false;
        boolean gone = processes.stream().allMatch(ProcessGroup::isGone);
        while (!gone && System.nanoTime() < deadline) {
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException later) {
                interrupted = true;
            }
            gone = processes.stream().allMatch(ProcessGroup::isGone);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return gone;
    }

    /// A zombie is gone: it waits only for its parent, which may be a container's first process that never asks.
    private static boolean isGone(ProcessHandle process) {
        return !process.isAlive() || state(process.pid()).filter("Z"::equals).isPresent();
    }

    /// The state letter in `/proc/PID/stat`, behind the command's name in parentheses; empty where there is no `/proc`.
    private static Optional<String> state(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            int state = stat.lastIndexOf(')') + 2;
            return Optional.of(stat.substring(state, state + 1));
        } catch (IOException noProc) {
            return Optional.empty();
        }
    }
}
