package org.pgmigrator.core.verify;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeoutException;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.progress.ProgressEvent.VerifyResult;

/// Compares the rows of tables under one snapshot of each side: by their number, or by all of their values.
final class RowComparison {

    private final SideSessions source;
    private final SideSessions target;
    private final Workers workers;
    private final Deadline deadline;
    private final int listedKeys;
    private final boolean values;
    private final ReadProgress progress;
    private final List<TableState> differing = new ArrayList<>();

    /// @param values whether the values are compared, not only the number of rows
    RowComparison(
            SideSessions source,
            SideSessions target,
            Deadline deadline,
            int listedKeys,
            boolean values,
            ReadProgress progress) {
        this.source = source;
        this.target = target;
        this.workers = new Workers(source, target);
        this.deadline = deadline;
        this.listedKeys = listedKeys;
        this.values = values;
        this.progress = progress;
    }

    /// Compares the tables in their order and publishes what each was found to be.
    void run(List<ComparedTable> tables) throws InterruptedException, TimeoutException {
        TableFiles sourceFiles =
                files(source, tables.stream().map(ComparedTable::source).toList());
        TableFiles targetFiles =
                files(target, tables.stream().map(ComparedTable::target).toList());
        List<Reading> sourceReadings = new ArrayList<>();
        List<Reading> targetReadings = new ArrayList<>();
        for (ComparedTable table : tables) {
            List<BlockRange> there = ranges(table.source(), sourceFiles);
            List<BlockRange> here = ranges(table.target(), targetFiles);
            TableState state = new TableState(table, there.size() + here.size());
            there.forEach(range -> sourceReadings.add(reading(state, true, range, sourceFiles, there.size())));
            here.forEach(range -> targetReadings.add(reading(state, false, range, targetFiles, here.size())));
        }
        workers.run(
                Reading.tasks(sourceReadings, source, deadline),
                Reading.tasks(targetReadings, target, deadline),
                deadline);
        for (TableState state : differing()) {
            progress.result(values ? narrowed(state, sourceFiles, targetFiles) : result(state, RowDifferences.NONE));
        }
    }

    private TableFiles files(SideSessions side, List<TableRead> tables) {
        try {
            return TableFiles.read(side.holder(), tables, values);
        } catch (SQLException refusal) {
            throw side.failed("The tables' files could not be listed.", refusal);
        }
    }

    private List<BlockRange> ranges(TableRead table, TableFiles files) {
        return values ? files.ranges(table) : List.of(BlockRange.ALL);
    }

    private Reading reading(TableState state, boolean ofSource, BlockRange range, TableFiles files, int parts) {
        TableRead table = state.table().read(ofSource);
        String sql =
                values ? ContentSql.content(table, state.table().rowText(ofSource), range) : ContentSql.count(table);
        return new Reading(
                sql,
                table.bytes() / parts,
                rows -> {
                    rows.next();
                    TableContent part = TableContent.of(rows, 1);
                    boolean same = files.isSame(table, rows.getLong(4));
                    return () -> {
                        progress.read(part.rows());
                        end(state, same ? state.add(ofSource, part) : state.addRewritten(ofSource));
                    };
                },
                refusal -> end(state, state.addRefusal(ofSource, refusal)));
    }

    /// A table that is equal is told of at once; where it differs is found out when all have been read.
    private void end(TableState state, boolean complete) {
        if (!complete) {
            return;
        }
        progress.tableDone();
        if (state.hasSameRows()
                && state.problems().isEmpty()
                && state.table().remarks().isEmpty()) {
            progress.result(result(state, RowDifferences.NONE));
        } else {
            synchronized (differing) {
                differing.add(state);
            }
        }
    }

    private List<TableState> differing() {
        synchronized (differing) {
            return List.copyOf(differing);
        }
    }

    private VerifyResult narrowed(TableState state, TableFiles sourceFiles, TableFiles targetFiles)
            throws InterruptedException, TimeoutException {
        if (state.hasSameRows() || !state.problems().isEmpty()) {
            return result(state, RowDifferences.NONE);
        }
        ComparedTable table = state.table();
        Narrowing narrowing = new Narrowing(
                table,
                source,
                target,
                workers,
                deadline,
                sourceFiles.ranges(table.source()),
                targetFiles.ranges(table.target()));
        long rows = Math.max(state.content(true).rows(), state.content(false).rows());
        return result(state, narrowing.find(rows, listedKeys));
    }

    private VerifyResult result(TableState state, RowDifferences found) {
        boolean readable = state.problems().isEmpty();
        TableContent there = state.content(true);
        TableContent here = state.content(false);
        List<String> differences = new ArrayList<>(state.problems());
        differences.addAll(state.table().remarks());
        if (readable && there.rows() != here.rows()) {
            differences.add("the source has " + there.rows() + " rows, the target " + here.rows());
        } else if (readable && !there.equals(here)) {
            differences.add("rows differ, though both sides have " + there.rows());
        }
        differences.addAll(found.problems());
        return new VerifyResult(
                values ? VerifyLevel.CONTENT : VerifyLevel.COUNTS,
                state.table().name().toString(),
                readable ? OptionalLong.of(there.rows()) : OptionalLong.empty(),
                readable ? OptionalLong.of(here.rows()) : OptionalLong.empty(),
                readable && values ? there.hash() : "",
                readable && values ? here.hash() : "",
                differences,
                found.keys(),
                found.more(),
                found.sourceSql(),
                found.targetSql(),
                Duration.ofNanos(System.nanoTime() - state.startedNanos()));
    }
}
