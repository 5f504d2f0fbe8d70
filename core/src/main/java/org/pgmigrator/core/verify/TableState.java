package org.pgmigrator.core.verify;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.postgres.SqlState;

/// What has been read of one table so far, on both sides. Thread-safe.
final class TableState {

    private final ComparedTable table;
    private final int readings;
    private final long started = System.nanoTime();
    private TableContent source = TableContent.EMPTY;
    private TableContent target = TableContent.EMPTY;
    private final List<String> problems = new ArrayList<>();
    private int read;

    /// @param readings how many parts there are on both sides together
    TableState(ComparedTable table, int readings) {
        this.table = table;
        this.readings = readings;
    }

    ComparedTable table() {
        return table;
    }

    long startedNanos() {
        return started;
    }

    /// Adds a part.
    ///
    /// @return whether it was the last one
    synchronized boolean add(boolean ofSource, TableContent part) {
        if (ofSource) {
            source = source.plus(part);
        } else {
            target = target.plus(part);
        }
        return ++read == readings;
    }

    /// Notes that a part could not be read.
    ///
    /// @return whether it was the last one
    synchronized boolean addProblem(String problem) {
        if (!problems.contains(problem)) {
            problems.add(problem);
        }
        return ++read == readings;
    }

    synchronized boolean addRefusal(boolean ofSource, SQLException refusal) {
        return addProblem("not compared: the " + word(ofSource) + " refused: " + SqlState.serverWords(refusal));
    }

    /// Notes that the rows are no longer there under the snapshot.
    ///
    /// @return whether it was the last part
    synchronized boolean addRewritten(boolean ofSource) {
        return addProblem("not compared: on the " + word(ofSource)
                + " it was truncated or rewritten while it was read; run again");
    }

    private static String word(boolean ofSource) {
        return ofSource ? "source" : "target";
    }

    synchronized TableContent content(boolean ofSource) {
        return ofSource ? source : target;
    }

    synchronized List<String> problems() {
        return List.copyOf(problems);
    }

    synchronized boolean hasSameRows() {
        return source.equals(target);
    }
}
