package org.pgmigrator.core.copy;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent.CopyProgress;
import org.pgmigrator.core.progress.ProgressListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Counts what a dump or a restore has done and publishes it once a second, on a thread of its own.
///
/// What is finished is told by the tool's output; how far the running tables are is asked of the server
/// (`pg_stat_progress_copy`, https://www.postgresql.org/docs/current/progress-reporting.html), as is who holds the tool
/// up. The end is shown by [#complete] alone: until then a byte and an object are missing. Thread-safe.
final class CopyMonitor implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(CopyMonitor.class);

    private static final Duration INTERVAL = Duration.ofSeconds(1);

    /// Longer than the view's own statement_timeout.
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

    private record Item(String label, long bytes) {}

    private final Phase phase;
    private final Database database;
    private final ProgressListener listener;
    private final long objectsTotal;
    private final long bytesTotal;
    private final Map<Object, Item> running = new LinkedHashMap<>();
    private final Thread thread;

    private long objectsDone;
    private long bytesDone;
    private long highestBytes;
    private Map<String, Long> bytesOfRunning = Map.of();
    private String blocked = "";
    private String last = "";

    CopyMonitor(Phase phase, Database database, ProgressListener listener, long objectsTotal, long bytesTotal) {
        this.phase = phase;
        this.database = database;
        this.listener = listener;
        this.objectsTotal = objectsTotal;
        this.bytesTotal = bytesTotal;
        this.thread = Thread.ofPlatform().name("copy-monitor").daemon().unstarted(this::watch);
    }

    CopyMonitor start() {
        thread.start();
        return this;
    }

    /// An item is begun.
    ///
    /// @param key   names it again in [#finished]
    /// @param label what the operator sees; of a table its name as [QualifiedName] prints it, so that the server's
    ///     figures find it
    /// @param bytes its share of the total
    synchronized void begun(Object key, String label, long bytes) {
        running.put(key, new Item(label, bytes));
        last = label;
    }

    synchronized void finished(Object key) {
        Item item = running.remove(key);
        objectsDone++;
        bytesDone += item == null ? 0 : item.bytes;
    }

    /// Says that all is done. Not called after a failure.
    void complete() {
        close();
        listener.on(new CopyProgress(phase, objectsTotal, objectsTotal, bytesTotal, bytesTotal, ""));
    }

    /// Stops the thread and waits for it; without effect the second time.
    @Override
    public void close() {
        thread.interrupt();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                if (!thread.join(CLOSE_LIMIT)) {
                    LOG.debug("copy monitor is left waiting for the server");
                    break;
                }
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void watch() {
        try (CopyServerView view = new CopyServerView(database)) {
            while (!Thread.currentThread().isInterrupted()) {
                listener.on(progress());
                Thread.sleep(INTERVAL);
                Map<String, Long> copied = view.copied();
                String blocker = view.blocked();
                synchronized (this) {
                    bytesOfRunning = copied;
                    blocked = blocker;
                }
            }
        } catch (InterruptedException stop) {
            LOG.trace("copy monitor ended");
        }
    }

    synchronized CopyProgress progress() {
        long bytes = bytesDone;
        for (Item item : running.values()) {
            bytes += Math.min(item.bytes, bytesOfRunning.getOrDefault(item.label, 0L));
        }
        // The text of a table is longer or shorter than its pages: never backwards, never the whole.
        highestBytes = Math.max(highestBytes, Math.min(bytes, Math.max(0, bytesTotal - 1)));
        long objects = Math.min(objectsDone, Math.max(0, objectsTotal - 1));
        return new CopyProgress(phase, objects, objectsTotal, highestBytes, bytesTotal, current());
    }

    private String current() {
        if (!blocked.isEmpty()) {
            return blocked;
        }
        return running.isEmpty() ? last : running.values().iterator().next().label;
    }
}
