package org.pgmigrator.core.verify;

import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressEvent.VerifyResult;
import org.pgmigrator.core.progress.ProgressListener;

/// Tells the listener how far a comparison is, at most once a second, and keeps what was found. Thread-safe.
final class ReadProgress {

    private static final long PAUSE_NANOS = 1_000_000_000L;

    private final ProgressListener listener;
    private final long tables;
    private final long rows;
    private final List<VerifyResult> results = new ArrayList<>();
    private long tablesDone;
    private long rowsRead;
    private long toldNanos = System.nanoTime();

    /// @param rows the estimate for both sides together
    ReadProgress(ProgressListener listener, long tables, long rows) {
        this.listener = listener;
        this.tables = tables;
        this.rows = rows;
    }

    synchronized void read(long more) {
        rowsRead += more;
        if (System.nanoTime() - toldNanos >= PAUSE_NANOS) {
            toldNanos = System.nanoTime();
            listener.on(new ProgressEvent.VerifyProgress(tablesDone, tables, rowsRead, rows));
        }
    }

    synchronized void tableDone() {
        tablesDone++;
    }

    synchronized void result(VerifyResult result) {
        results.add(result);
        listener.on(result);
    }

    synchronized List<VerifyResult> results() {
        return List.copyOf(results);
    }

    /// `12 of 40 tables`.
    synchronized String reached() {
        return tablesDone + " of " + tables + " tables";
    }
}
