package org.pgmigrator.core.snapshot;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SessionEnd;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// The slot's snapshot, held by an ordinary session that also holds every table as it is.
///
/// The session imports the walsender's snapshot, takes ACCESS SHARE on each table of the copy (as pg_dump does), and
/// exports the snapshot again: from then on the walsender is not needed for it. A table that was rewritten between the
/// snapshot and the lock would look empty under the snapshot, so each is compared with what the snapshot says of it.
///
/// Another process can hold it beside this one ([#adopt]), and so keep it alive when this one ends.
///
/// Not thread-safe, but for [#requireAlive]. Closing it ends the snapshot for all who have not imported it.
public final class ExportedSnapshot implements AutoCloseable {

    private static final String LOCK_TIMEOUT = "15s";

    private final Connection holder;
    private final String id;
    private final String visible;
    private final Backend backend;
    private final List<CatalogTable> tables;

    private ExportedSnapshot(Connection holder, String id, String visible, Backend backend, List<CatalogTable> tables) {
        this.holder = holder;
        this.id = id;
        this.visible = visible;
        this.backend = backend;
        this.tables = tables;
    }

    /// The session that holds it, so that another process can tell it from any other one.
    ///
    /// @param started `pg_stat_activity.backend_start`, as text
    public record Backend(int pid, String started, String applicationName) {}

    /// Imports the slot's snapshot and holds it.
    ///
    /// @param carried which tables are copied
    /// @param observer an ordinary session outside of the snapshot
    /// @throws MigrationException CATALOG_CHANGED if a table is not what it was at the snapshot: only a new slot helps
    public static ExportedSnapshot hold(
            Database source, ReplicationSlot slot, Predicate<CatalogTable> carried, Connection observer) {
        return hold(source, Session.named("snapshot"), slot.snapshot(), Optional.empty(), carried, observer);
    }

    /// Holds a snapshot that another process holds, as long as that one is alive.
    ///
    /// @param purpose names the session
    /// @param id      as the other process has exported it
    /// @param visible what [#visible] was when it was the slot's: any other snapshot is refused
    /// @throws MigrationException SNAPSHOT_GONE if nobody holds it any more, or it is another one; CATALOG_CHANGED
    public static ExportedSnapshot adopt(
            Database source,
            String purpose,
            String id,
            String visible,
            Predicate<CatalogTable> carried,
            Connection observer) {
        return hold(source, Session.named(purpose), id, Optional.of(visible), carried, observer);
    }

    private static ExportedSnapshot hold(
            Database source,
            Session session,
            String imported,
            Optional<String> wanted,
            Predicate<CatalogTable> carried,
            Connection observer) {
        Connection holder = source.connect(session);
        boolean held = false;
        try (Statement statement = holder.createStatement()) {
            statement.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            use(statement, imported);
            String visible = Objects.requireNonNull(Catalog.value(holder, "select pg_current_snapshot()::text"));
            if (wanted.isPresent() && !wanted.get().equals(visible)) {
                throw new MigrationException(Failure.of(
                        FailureKind.SNAPSHOT_GONE,
                        "Snapshot " + imported + " is not the one that belongs to the slot.",
                        "it sees transactions " + visible + ", the slot's sees " + wanted.get()));
            }
            // Somebody who holds a table exclusively must not hold us up for ever, with nothing on the screen.
            statement.execute("SET LOCAL lock_timeout = '" + LOCK_TIMEOUT + "'");
            List<CatalogTable> before =
                    Catalog.tables(holder).stream().filter(carried).toList();
            lock(statement, before);
            compare(before, Catalog.tables(observer));
            String id = Objects.requireNonNull(Catalog.value(holder, "select pg_export_snapshot()"));
            ExportedSnapshot snapshot = new ExportedSnapshot(holder, id, visible, backend(holder), before);
            held = true;
            return snapshot;
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The slot's snapshot could not be held.", refusal);
        } finally {
            if (!held) {
                SessionEnd.close(holder);
            }
        }
    }

    private static void use(Statement statement, String id) throws SQLException {
        try {
            statement.execute("SET TRANSACTION SNAPSHOT '" + id.replace("'", "''") + "'");
        } catch (SQLException failure) {
            if (SqlState.isConnectionLoss(failure)) {
                throw failure;
            }
            throw new MigrationException(
                    Failure.of(
                            FailureKind.SNAPSHOT_GONE,
                            "Snapshot " + id + " is gone: the session that held it has ended.",
                            SqlState.serverWords(failure)),
                    failure);
        }
    }

    private static Backend backend(Connection holder) throws SQLException {
        try (Statement statement = holder.createStatement();
                ResultSet row = statement.executeQuery("select pid, backend_start::text, application_name"
                        + " from pg_stat_activity where pid = pg_backend_pid()")) {
            row.next();
            return new Backend(row.getInt(1), row.getString(2), row.getString(3));
        }
    }

    private static void lock(Statement statement, List<CatalogTable> tables) throws SQLException {
        List<String> names = tables.stream()
                .map(table ->
                        (table.partitioned() ? "" : "ONLY ") + table.name().quoted())
                .toList();
        for (int from = 0; from < names.size(); from += 500) {
            statement.execute("LOCK TABLE "
                    + String.join(", ", names.subList(from, Math.min(from + 500, names.size())))
                    + " IN ACCESS SHARE MODE");
        }
    }

    private static void compare(List<CatalogTable> before, List<CatalogTable> now) {
        Map<QualifiedName, CatalogTable> byName =
                now.stream().collect(Collectors.toMap(CatalogTable::name, table -> table));
        List<String> changed = new ArrayList<>();
        for (CatalogTable table : before) {
            CatalogTable current = byName.get(table.name());
            if (current == null
                    || current.oid() != table.oid()
                    || current.relfilenode() != table.relfilenode()
                    || !current.columns().equals(table.columns())) {
                changed.add(table.name().toString());
            }
        }
        if (!changed.isEmpty()) {
            throw new MigrationException(Failure.of(
                    FailureKind.CATALOG_CHANGED,
                    "Tables were rewritten or altered while the snapshot was taken.",
                    String.join(", ", changed)));
        }
    }

    /// The name to import: `pg_dump --snapshot`, `SET TRANSACTION SNAPSHOT`.
    public String id() {
        return id;
    }

    /// What it sees, in the server's words: which transactions it takes for ended. The same for every session that has
    /// imported it, and of no other snapshot unless that sees the same.
    public String visible() {
        return visible;
    }

    public Backend backend() {
        return backend;
    }

    /// The tables of the copy, as the snapshot sees them.
    public List<CatalogTable> tables() {
        return tables;
    }

    /// Asks the holder for a sign of life.
    ///
    /// @throws MigrationException SNAPSHOT_GONE if the session that holds it is lost
    public synchronized void requireAlive() {
        try {
            Catalog.value(holder, "select 1");
        } catch (SQLException lost) {
            throw new MigrationException(
                    Failure.of(
                            FailureKind.SNAPSHOT_GONE,
                            "The session that held the snapshot of the copy is gone.",
                            SqlState.serverWords(lost)),
                    lost);
        }
    }

    @Override
    public void close() {
        SessionEnd.close(holder);
    }
}
