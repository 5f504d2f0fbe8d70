package org.pgmigrator.core.verify;

import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Reads on all sessions of both sides at once, each side its own list of tasks in their order.
///
/// The first failure, an interrupt or the deadline ends the others: their statements are cancelled on the servers, and
/// nothing runs any more when [#run] returns or throws.
final class Workers {

    /// How often the caller looks, and repeats a cancel: one that comes between two statements has no effect.
    private static final long PAUSE_MS = 100;

    private final SideSessions source;
    private final SideSessions target;

    Workers(SideSessions source, SideSessions target) {
        this.source = source;
        this.target = target;
    }

    /// Something to read on one session of a side.
    @FunctionalInterface
    interface Task {
        void run(ReadSession session) throws SQLException;
    }

    /// @throws TimeoutException if the deadline passed before the last task was done
    void run(List<Task> sourceTasks, List<Task> targetTasks, Deadline deadline)
            throws InterruptedException, TimeoutException {
        Queue<Task> ofSource = new ConcurrentLinkedQueue<>(sourceTasks);
        Queue<Task> ofTarget = new ConcurrentLinkedQueue<>(targetTasks);
        run(() -> ofSource, () -> ofTarget, deadline);
    }

    /// The same with all tasks of a side on each of its sessions.
    void runOnEach(List<Task> sourceTasks, List<Task> targetTasks, Deadline deadline)
            throws InterruptedException, TimeoutException {
        run(() -> new ArrayDeque<>(sourceTasks), () -> new ArrayDeque<>(targetTasks), deadline);
    }

    /// @param ofSource gives each session of the source its tasks
    private void run(Supplier<Queue<Task>> ofSource, Supplier<Queue<Task>> ofTarget, Deadline deadline)
            throws InterruptedException, TimeoutException {
        Run run = new Run(source.readers().size() + target.readers().size());
        start(source, ofSource, run);
        start(target, ofTarget, run);
        boolean over = false;
        try {
            while (!over && !run.stopped && !deadline.hasPassed()) {
                over = run.done.await(Math.min(PAUSE_MS, deadline.milliseconds()), TimeUnit.MILLISECONDS);
            }
        } finally {
            if (!over) {
                stop(run);
            }
        }
        run.throwFailure(deadline);
        if (!over) {
            throw new TimeoutException();
        }
    }

    private static void start(SideSessions side, Supplier<Queue<Task>> queue, Run run) {
        for (ReadSession session : side.readers()) {
            Queue<Task> tasks = queue.get();
            Thread.ofPlatform().daemon().name("verify-" + side.side().word()).start(() -> {
                try {
                    run.work(side, session, tasks);
                } finally {
                    run.done.countDown();
                }
            });
        }
    }

    /// Cancels until every thread has ended. It can't take long: a statement is cancelled by its server.
    private void stop(Run run) {
        run.stopped = true;
        boolean interrupted = false;
        while (run.done.getCount() > 0) {
            List<ReadSession> sessions = new ArrayList<>(source.readers());
            sessions.addAll(target.readers());
            sessions.forEach(ReadSession::cancel);
            try {
                boolean ended = run.done.await(PAUSE_MS, TimeUnit.MILLISECONDS);
                if (ended) {
                    break;
                }
            } catch (InterruptedException again) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// One call of [#run].
    private static final class Run {
        private final CountDownLatch done;
        private final AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
        private volatile boolean stopped;

        Run(int threads) {
            this.done = new CountDownLatch(threads);
        }

        void work(SideSessions side, ReadSession session, Queue<Task> tasks) {
            for (Task task = tasks.poll(); task != null && !stopped; task = tasks.poll()) {
                try {
                    task.run(session);
                } catch (SQLException refusal) {
                    fail(side.failed("The " + side.side().word() + " could not be read for the comparison.", refusal));
                } catch (RuntimeException broken) {
                    fail(broken);
                }
            }
        }

        private void fail(RuntimeException failed) {
            failure.compareAndSet(null, failed);
            stopped = true;
        }

        /// The failure, unless it is only what the deadline does on the servers.
        void throwFailure(Deadline deadline) throws TimeoutException {
            RuntimeException failed = failure.get();
            if (failed == null) {
                return;
            }
            if (deadline.hasPassed()) {
                TimeoutException timeout = new TimeoutException();
                timeout.initCause(failed);
                throw timeout;
            }
            throw failed;
        }
    }
}
