package org.pgmigrator.core.verify;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.VerifyConfig;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent.VerifyResult;
import org.pgmigrator.core.progress.ProgressListener;

/// Compares two databases, with sessions that are opened beforehand.
///
/// Each run reads each side under one snapshot of it; nothing is written. In a cutover: [#open] and [#prepare] before
/// the
/// lock, [#run] under it. Used by one thread; after an exception it can only be closed.
public final class Verification implements AutoCloseable {

    /// For a comparison that may take as long as it takes.
    public static final Duration WITHOUT_LIMIT = Duration.ofDays(365);

    private final SideSessions source;
    private final SideSessions target;
    private final FilterConfig filter;
    private final VerifyConfig config;
    private final ProgressListener listener;
    private @Nullable Catalogues prepared;

    private Verification(
            SideSessions source,
            SideSessions target,
            FilterConfig filter,
            VerifyConfig config,
            ProgressListener listener) {
        this.source = source;
        this.target = target;
        this.filter = filter;
        this.config = config;
        this.listener = listener;
    }

    /// What both sides had when their catalogues were read.
    private record Catalogues(SideCatalog source, SideCatalog target) {}

    /// Opens `jobs` + 1 sessions on each side.
    ///
    /// @param filter   which tables and schemas are carried, and so compared
    /// @param listener gets a `VerifyResult` for each table as soon as it is known, and `VerifyProgress`
    /// @throws org.pgmigrator.core.error.MigrationException if a side can't be reached
    public static Verification open(
            Database source, Database target, FilterConfig filter, VerifyConfig config, ProgressListener listener) {
        SideSessions sourceSessions = SideSessions.open(source, config.jobs());
        try {
            return new Verification(sourceSessions, SideSessions.open(target, config.jobs()), filter, config, listener);
        } catch (RuntimeException failed) {
            sourceSessions.close();
            throw failed;
        }
    }

    /// Reads the catalogues of both sides, and lets every session open every table once, so that a later [#run] is
    /// quick.
    ///
    /// The tables are those of this moment: whoever runs the comparison later knows that none was created since.
    ///
    /// @param tables which of the carried ones; a partition goes with its root
    /// @throws TimeoutException if it was not done within `limit`
    public void prepare(Predicate<QualifiedName> tables, Duration limit) throws InterruptedException, TimeoutException {
        Deadline deadline = Deadline.in(limit);
        begin();
        try {
            source.limit(deadline);
            target.limit(deadline);
            Catalogues catalogues = catalogues();
            prepared = catalogues;
            List<ComparedTable> compared = plan(catalogues, tables).tables();
            new Workers(source, target)
                    .runOnEach(
                            opening(
                                    source,
                                    compared.stream().map(ComparedTable::source).toList(),
                                    deadline),
                            opening(
                                    target,
                                    compared.stream().map(ComparedTable::target).toList(),
                                    deadline),
                            deadline);
        } finally {
            end();
        }
    }

    private static List<Workers.Task> opening(SideSessions side, List<TableRead> tables, Deadline deadline) {
        return Reading.tasks(
                tables.stream()
                        .map(table -> new Reading(ContentSql.open(table), 1, rows -> () -> {}, refusal -> {}))
                        .toList(),
                side,
                deadline);
    }

    /// Compares, and publishes what was found.
    ///
    /// @param level  what is compared; NONE compares nothing
    /// @param tables which of the carried ones; a partition goes with its root. Not asked about other objects
    /// @param limit  the longest it may take
    /// @return all that was published
    /// @throws TimeoutException if it was not done in time: nothing runs on the servers any more
    /// @throws org.pgmigrator.core.error.MigrationException if a session was lost
    public VerifyReport run(VerifyLevel level, Predicate<QualifiedName> tables, Duration limit)
            throws InterruptedException, TimeoutException {
        long started = System.nanoTime();
        Deadline deadline = Deadline.in(limit);
        SnapshotPoint sourcePoint = source.begin();
        SnapshotPoint targetPoint = target.begin();
        try {
            source.limit(deadline);
            target.limit(deadline);
            LiveStream stream = stream();
            List<VerifyResult> results = switch (level) {
                case NONE -> List.of();
                case SCHEMA -> definitions(stream.present());
                case COUNTS -> rows(tables, deadline, false);
                case CONTENT -> rows(tables, deadline, true);
            };
            return new VerifyReport(
                    level,
                    sourcePoint,
                    targetPoint,
                    stream.applied(),
                    results,
                    Duration.ofNanos(System.nanoTime() - started));
        } finally {
            end();
        }
    }

    private List<VerifyResult> definitions(boolean inMigration) throws TimeoutException {
        SchemaComparison comparison = new SchemaComparison(source.major() == target.major(), inMigration);
        List<VerifyResult> results = comparison.compare(definitions(source), definitions(target));
        results.forEach(listener::on);
        return results;
    }

    private List<SchemaPart> definitions(SideSessions side) throws TimeoutException {
        try {
            return new SchemaReader(side.holder(), filter).read();
        } catch (SQLException refusal) {
            requireInTime(side, refusal);
            throw side.failed("The definitions of the " + side.side().word() + " could not be read.", refusal);
        }
    }

    private List<VerifyResult> rows(Predicate<QualifiedName> tables, Deadline deadline, boolean values)
            throws InterruptedException, TimeoutException {
        ComparisonPlan plan = plan(catalogues(), tables);
        ReadProgress progress = new ReadProgress(
                listener,
                plan.tables().size(),
                plan.tables().stream()
                        .mapToLong(
                                table -> table.source().rows() + table.target().rows())
                        .sum());
        plan.notComparable().forEach((name, why) -> progress.result(notCompared(name, why, values)));
        try {
            new RowComparison(source, target, deadline, config.listedKeys(), values, progress).run(plan.tables());
        } catch (TimeoutException late) {
            TimeoutException told = new TimeoutException(progress.reached() + " were compared");
            told.initCause(late);
            throw told;
        }
        return progress.results();
    }

    private static VerifyResult notCompared(QualifiedName name, String why, boolean values) {
        return new VerifyResult(
                values ? VerifyLevel.CONTENT : VerifyLevel.COUNTS,
                name.toString(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                "",
                "",
                List.of(why),
                List.of(),
                0,
                "",
                "",
                Duration.ZERO);
    }

    private ComparisonPlan plan(Catalogues catalogues, Predicate<QualifiedName> tables) {
        return ComparisonPlan.of(
                catalogues.source(), catalogues.target(), name -> filter.carries(name) && tables.test(name));
    }

    private Catalogues catalogues() throws TimeoutException {
        return prepared != null ? prepared : new Catalogues(catalogue(source), catalogue(target));
    }

    private static SideCatalog catalogue(SideSessions side) throws TimeoutException {
        try {
            return SideCatalog.read(side.holder());
        } catch (SQLException refusal) {
            requireInTime(side, refusal);
            throw side.failed("The catalogue of the " + side.side().word() + " could not be read.", refusal);
        }
    }

    private static void requireInTime(SideSessions side, SQLException refusal) throws TimeoutException {
        if (SqlState.QUERY_CANCELED.equals(refusal.getSQLState())) {
            TimeoutException late = new TimeoutException("the catalogue of the "
                    + side.side().word()
                    + " was not read, as it is when somebody holds an ACCESS EXCLUSIVE lock on a table there");
            late.initCause(refusal);
            throw late;
        }
    }

    private LiveStream stream() {
        try {
            return LiveStream.read(target.holder());
        } catch (SQLException refusal) {
            throw target.failed("The target's state of a migration could not be read.", refusal);
        }
    }

    private void begin() {
        source.begin();
        target.begin();
    }

    private void end() {
        source.end();
        target.end();
    }

    @Override
    public void close() {
        source.close();
        target.close();
    }
}
