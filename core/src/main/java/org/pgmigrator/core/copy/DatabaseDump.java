package org.pgmigrator.core.copy;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent.Warning;
import org.pgmigrator.core.progress.ProgressListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Dumps the source's schema and data with pg_dump into a folder, under an exported snapshot where there is one.
///
/// Runs on the caller's thread; an interrupt ends pg_dump with its workers and their statements on the server. The
/// caller keeps the snapshot's session open until [#run] returns.
///
/// See https://www.postgresql.org/docs/current/app-pgdump.html
public final class DatabaseDump {

    private static final Logger LOG = LoggerFactory.getLogger(DatabaseDump.class);

    /// How long pg_dump waits for all its locks together. The snapshot's session holds the same locks already, so only
    /// a session that waits for an exclusive one (a TRUNCATE, an ALTER TABLE) can be in the way: it waits for us and
    /// would wait for ever, with the whole application behind it. So it is short.
    static final Duration LOCK_WAIT = Duration.ofSeconds(15);

    /// Asking for a table's exact size waits for its lock; after this long the planner's figures do.
    private static final String SIZE_LOCK_TIMEOUT = "2s";

    /// pg_dump 16 was the first with other methods than gzip.
    private static final int FIRST_WITH_METHODS = 16;

    /// Text of a table compresses to at least this fraction of its pages, as a rule of thumb for a warning.
    private static final int WORST_COMPRESSION = 2;

    private final CopyConfig config;
    private final FilterConfig filter;
    private final Database source;
    private final ClientTools tools;
    private final ProgressListener listener;
    private final Duration lockWait;

    /// What is dumped.
    public enum Part {
        EVERYTHING,
        /// Everything but rows, sequences' values and large objects.
        DEFINITIONS,
        /// What large objects hold. (Every other row is a table's, a view's or a sequence's.)
        LARGE_OBJECTS;

        private List<String> options() {
            return switch (this) {
                case EVERYTHING -> List.of();
                case DEFINITIONS -> List.of("--section=pre-data", "--section=post-data");
                case LARGE_OBJECTS -> List.of("--section=data", "--exclude-table-data=*.*");
            };
        }
    }

    public DatabaseDump(
            CopyConfig config, FilterConfig filter, Database source, ClientTools tools, ProgressListener listener) {
        this(config, filter, source, tools, listener, LOCK_WAIT);
    }

    DatabaseDump(
            CopyConfig config,
            FilterConfig filter,
            Database source,
            ClientTools tools,
            ProgressListener listener,
            Duration lockWait) {
        this.config = config;
        this.filter = filter;
        this.source = source;
        this.tools = tools;
        this.listener = listener;
        this.lockWait = lockWait;
    }

    /// Dumps what the filter carries.
    ///
    /// @param snapshot        the identifier of an exported snapshot; empty: pg_dump takes its own (offline)
    /// @param ownPublications pg-migrator's publications, which never reach the target
    /// @param folder          where to; the caller closes it after the restore
    /// @throws InterruptedException after pg_dump is gone
    /// @throws MigrationException `DUMP_FAILED`, `SNAPSHOT_GONE`, `USAGE` (the filter names what is not there), or a
    ///     kind of the source
    public FinishedDump run(Optional<String> snapshot, Set<String> ownPublications, DumpFolder folder)
            throws InterruptedException {
        return run(Part.EVERYTHING, snapshot, ownPublications, folder);
    }

    /// Dumps a part of what the filter carries.
    public FinishedDump run(Part part, Optional<String> snapshot, Set<String> ownPublications, DumpFolder folder)
            throws InterruptedException {
        CarriedContents carried = carried(snapshot, ownPublications);
        if (part != Part.LARGE_OBJECTS) {
            carried.warnings().forEach(this::warn);
        }
        boolean rows = part == Part.EVERYTHING;
        warnOfTheMachine(rows ? carried.totalTableBytes() : 0, folder);
        CopyMonitor monitor = new CopyMonitor(
                Phase.DUMP,
                source,
                listener,
                rows ? carried.tableNames().size() : 0,
                rows ? carried.totalTableBytes() : 0);
        try (monitor) {
            monitor.start();
            dump(part, snapshot, carried, folder, monitor);
            TableOfContents contents = contents(folder)
                    .without(TableOfContents.ownObjects(carried.leftOut(), ownPublications, Catalog.OWN_SCHEMA));
            monitor.complete();
            LOG.info(
                    "dump is complete part={} tables={} entries={} folder={}",
                    part,
                    carried.tableNames().size(),
                    contents.entries().size(),
                    folder.path());
            return new FinishedDump(folder, carried, contents);
        }
    }

    private CarriedContents carried(Optional<String> snapshot, Set<String> ownPublications) {
        try {
            try {
                return carried(snapshot, ownPublications, true);
            } catch (SQLException failure) {
                if (SqlState.LOCK_NOT_AVAILABLE.equals(failure.getSQLState())) {
                    return carried(snapshot, ownPublications, false);
                }
                throw failure;
            }
        } catch (SQLException failure) {
            throw SqlState.toException(source.side(), "The source's tables cannot be listed for the dump.", failure);
        }
    }

    private CarriedContents carried(Optional<String> snapshot, Set<String> ownPublications, boolean exactSizes)
            throws SQLException {
        Session session = Session.named("copy catalogue").with("lock_timeout", SIZE_LOCK_TIMEOUT);
        try (Connection connection = source.connect(session)) {
            connection.setAutoCommit(false);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            if (snapshot.isPresent()) {
                use(connection, snapshot.get());
            }
            CarriedContents carried = new CarriedContentsReader(connection, filter).read(ownPublications, exactSizes);
            connection.rollback();
            return carried;
        }
    }

    private static void use(Connection connection, String snapshot) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set transaction snapshot '" + snapshot.replace("'", "''") + "'");
        } catch (SQLException failure) {
            if (SqlState.isConnectionLoss(failure)) {
                throw failure;
            }
            throw new MigrationException(
                    Failure.of(
                            FailureKind.SNAPSHOT_GONE,
                            "The snapshot for the dump is gone: its session has ended.",
                            SqlState.serverWords(failure)),
                    failure);
        }
    }

    private void warnOfTheMachine(long tableBytes, DumpFolder folder) throws InterruptedException {
        if (!ProcessGroup.isApart()) {
            warn("There is no setsid on this machine: Ctrl+C in the terminal reaches pg_dump and pg_restore as well, "
                    + "and ends them at once.");
        }
        try {
            long free = folder.freeBytes();
            if (free < tableBytes / WORST_COMPRESSION) {
                warn("The dump may not fit: " + folder.path() + " has " + megabytes(free) + " left, the tables have "
                        + megabytes(tableBytes) + ".");
            }
        } catch (IOException unknown) {
            LOG.debug("free room is unknown folder={} reason={}", folder.path(), unknown.toString());
        }
    }

    private static String megabytes(long bytes) {
        return String.format(java.util.Locale.ROOT, "%,d MB", bytes / 1_000_000);
    }

    private void warn(String text) {
        listener.on(new Warning(text));
    }

    private void dump(
            Part part, Optional<String> snapshot, CarriedContents carried, DumpFolder folder, CopyMonitor monitor)
            throws InterruptedException {
        for (String compression : compressions()) {
            DumpOutput output = new DumpOutput(carried, monitor, config.jobs() > 1);
            int exit = ClientRun.run(
                    command(part, snapshot, carried, folder, compression),
                    Optional.of(source.forProgram("pg_dump", carried.serverMajor())),
                    FailureKind.DUMP_FAILED,
                    line -> LOG.debug("pg_dump: {}", line),
                    output::line);
            if (exit == 0) {
                return;
            }
            if (!output.refusedCompression()) {
                throw explained(output, exit);
            }
            LOG.debug("pg_dump is without compression={}", compression);
        }
        throw new MigrationException(Failure.of(
                FailureKind.DUMP_FAILED,
                tools.pgDump() + " knows no compression that pg-migrator does.",
                "It refused each of " + compressions() + "."));
    }

    /// The cheapest first; the last one is always understood.
    private List<String> compressions() {
        return tools.major() >= FIRST_WITH_METHODS ? List.of("lz4", "zstd:1", "gzip:1", "none") : List.of("1", "0");
    }

    private List<String> command(
            Part part, Optional<String> snapshot, CarriedContents carried, DumpFolder folder, String compression) {
        List<String> command = new ArrayList<>();
        Collections.addAll(
                command,
                tools.pgDump().toString(),
                "--format=directory",
                "--jobs=" + config.jobs(),
                "--file=" + folder.dump(),
                "--compress=" + compression,
                "--encoding=UTF8",
                "--lock-wait-timeout=" + lockWait.toMillis(),
                "--no-subscriptions",
                "--no-sync",
                "--verbose");
        snapshot.ifPresent(id -> command.add("--snapshot=" + id));
        command.addAll(carried.dumpFilters());
        command.addAll(part.options());
        return command;
    }

    private MigrationException explained(DumpOutput output, int exit) {
        MigrationException failure = output.failure(source.describe(), exit);
        if (!output.wasKeptFromALock()) {
            return failure;
        }
        return new MigrationException(LockBlockers.failure(
                source,
                FailureKind.DUMP_FAILED,
                "pg_dump could not lock every table within " + lockWait.toSeconds() + " s.",
                failure.failure().why()));
    }

    private TableOfContents contents(DumpFolder folder) throws InterruptedException {
        List<String> lines = Collections.synchronizedList(new ArrayList<>());
        List<String> errors = Collections.synchronizedList(new ArrayList<>());
        int exit = ClientRun.run(
                List.of(
                        tools.pgRestore().toString(),
                        "--list",
                        "--format=directory",
                        folder.dump().toString()),
                Optional.empty(),
                FailureKind.DUMP_FAILED,
                lines::add,
                errors::add);
        if (exit != 0) {
            throw new MigrationException(Failure.of(
                    FailureKind.DUMP_FAILED,
                    "The dump's table of contents cannot be read.",
                    String.join("\n", errors)));
        }
        return TableOfContents.parse(lines);
    }
}
