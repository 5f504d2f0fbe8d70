package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.apply.Progress;
import org.pgmigrator.core.apply.SlotIdentity;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.snapshot.UndoLog;

/// The durable state of one migration, in the schema `pgmigrator` of the target.
///
/// `migration` holds what was asked for and how far it came, `journal` how to undo what was created, each entry written
/// before its deed; `progress` is the applier's. Not thread-safe: one session, used by the migration's thread.
final class StateStore implements AutoCloseable {

    private final Connection target;
    private final String subscription;

    /// What is stored of a migration.
    ///
    /// @param phase how far it came: before STREAM_APPLY the copy was not complete
    /// @param configuration the options that must not change on a resume, as text
    record Stored(Phase phase, String configuration, Optional<CatalogFingerprint> fingerprint) {
        boolean isStreaming() {
            return phase.compareTo(Phase.STREAM_APPLY) >= 0;
        }
    }

    /// One thing that was created, and the statement that undoes it.
    record Undo(long id, Side side, String what, String sql) {}

    private StateStore(Connection target, String subscription) {
        this.target = target;
        this.subscription = subscription;
    }

    static StateStore open(Database target, String subscription) {
        return new StateStore(target.connect(Session.named("state")), subscription);
    }

    Connection session() {
        return target;
    }

    Optional<Stored> read() {
        try {
            if (!exists()) {
                return Optional.empty();
            }
            try (PreparedStatement statement = target.prepareStatement(
                    "select phase, configuration, fingerprint from pgmigrator.migration where subscription = ?")) {
                statement.setString(1, subscription);
                try (ResultSet row = statement.executeQuery()) {
                    return row.next()
                            ? Optional.of(new Stored(
                                    Phase.valueOf(row.getString(1)),
                                    row.getString(2),
                                    Optional.ofNullable(row.getString(3)).map(CatalogFingerprint::parse)))
                            : Optional.empty();
                }
            }
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    private boolean exists() throws SQLException {
        return Catalog.value(target, "select to_regclass('pgmigrator.migration')::text") != null;
    }

    /// Creates schema and tables if need be, and the migration's row.
    void begin(String configuration) {
        try (Statement statement = target.createStatement()) {
            statement.execute("create schema if not exists pgmigrator");
            statement.execute("""
                    create table if not exists pgmigrator.migration (
                        subscription text primary key,
                        phase text not null,
                        configuration text not null,
                        fingerprint text,
                        started_at timestamptz not null default now(),
                        updated_at timestamptz not null default now()
                    )""");
            statement.execute("""
                    create table if not exists pgmigrator.journal (
                        id bigint generated always as identity primary key,
                        subscription text not null,
                        side text not null,
                        what text not null,
                        undo_sql text not null,
                        at timestamptz not null default now()
                    )""");
            Progress.createTable(target);
            try (PreparedStatement insert = target.prepareStatement("""
                    insert into pgmigrator.migration (subscription, phase, configuration) values (?, ?, ?)
                    on conflict (subscription) do update set phase = excluded.phase,
                        configuration = excluded.configuration, fingerprint = null, updated_at = now()""")) {
                insert.setString(1, subscription);
                insert.setString(2, Phase.PREPARE_SNAPSHOT.name());
                insert.setString(3, configuration);
                insert.executeUpdate();
            }
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// The copy is complete: from here on a resume goes on with the stream.
    void streamingFrom(SlotIdentity identity, CatalogFingerprint fingerprint) {
        try {
            target.setAutoCommit(false);
            try (PreparedStatement update = target.prepareStatement(
                    "update pgmigrator.migration set phase = ?, fingerprint = ?, updated_at = now() where subscription = ?")) {
                update.setString(1, Phase.STREAM_APPLY.name());
                update.setString(2, fingerprint.toText());
                update.setString(3, subscription);
                update.executeUpdate();
            }
            Progress.initialise(target, subscription, identity);
            target.commit();
            target.setAutoCommit(true);
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    void phase(Phase phase) {
        try (PreparedStatement update = target.prepareStatement(
                "update pgmigrator.migration set phase = ?, updated_at = now() where subscription = ?")) {
            update.setString(1, phase.name());
            update.setString(2, subscription);
            update.executeUpdate();
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// The journal of one side, for the engines that create something there.
    UndoLog undoLog(Side side) {
        return new UndoLog() {
            @Override
            public long willCreate(String what, String undoSql) {
                return append(side, what, undoSql);
            }

            @Override
            public void forget(long entry) {
                done(entry);
            }
        };
    }

    private long append(Side side, String what, String undoSql) {
        try (PreparedStatement insert = target.prepareStatement(
                "insert into pgmigrator.journal (subscription, side, what, undo_sql) values (?, ?, ?, ?) returning id")) {
            insert.setString(1, subscription);
            insert.setString(2, side.name());
            insert.setString(3, what);
            insert.setString(4, undoSql);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// What is to be undone, last deed first: slot, then publications, then identities.
    List<Undo> journal() {
        try {
            if (!exists()) {
                return List.of();
            }
            List<Undo> entries = new ArrayList<>();
            try (PreparedStatement statement = target.prepareStatement(
                    "select id, side, what, undo_sql from pgmigrator.journal where subscription = ? order by id desc")) {
                statement.setString(1, subscription);
                try (ResultSet row = statement.executeQuery()) {
                    while (row.next()) {
                        entries.add(new Undo(
                                row.getLong(1), Side.valueOf(row.getString(2)), row.getString(3), row.getString(4)));
                    }
                }
            }
            return entries;
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// The entry's deed is undone, or never happened.
    void done(long entry) {
        try (PreparedStatement delete = target.prepareStatement("delete from pgmigrator.journal where id = ?")) {
            delete.setLong(1, entry);
            delete.executeUpdate();
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// Removes this migration's rows, and the schema when no other migration uses it.
    void remove() {
        try (Statement statement = target.createStatement()) {
            if (!exists()) {
                return;
            }
            try (PreparedStatement delete =
                    target.prepareStatement("delete from pgmigrator.migration where subscription = ?")) {
                delete.setString(1, subscription);
                delete.executeUpdate();
            }
            if ("0".equals(Catalog.value(target, "select count(*) from pgmigrator.migration"))) {
                statement.execute("drop schema pgmigrator cascade");
            } else {
                Progress.remove(target, subscription);
            }
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    private static RuntimeException failed(SQLException refusal) {
        return SqlState.toException(
                Side.TARGET, "The migration's state in the target's schema pgmigrator could not be used.", refusal);
    }

    @Override
    public void close() {
        try {
            target.close();
        } catch (SQLException alreadyGone) {
            // Each statement was its own transaction: nothing is lost with the session.
        }
    }
}
