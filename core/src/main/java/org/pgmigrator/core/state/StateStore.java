package org.pgmigrator.core.state;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.apply.Lease;
import org.pgmigrator.core.apply.Progress;
import org.pgmigrator.core.apply.SlotIdentity;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SessionEnd;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.snapshot.UndoLog;

/// The durable state of one migration, in the schema `pgmigrator` of the target.
///
/// `migration` holds what was asked for and how far it came, `journal` how to undo what was created, each entry written
/// before its deed; `progress` is the applier's. Not thread-safe: one session, used by the migration's thread.
public final class StateStore implements AutoCloseable {

    /// The session of a process that was killed ends at once; one behind a broken network is named.
    private static final Duration LEASE_LIMIT = Duration.ofSeconds(10);

    private static final int ALIVE_SECONDS = 5;

    private final Database database;
    private final String subscription;
    private Connection target;

    /// Of this process, written to the migration's row when it begins or takes it over: the lease is lost with a
    /// session, and whoever had it meanwhile may have done anything.
    private final UUID process = UUID.randomUUID();

    /// Whose mark the row must have: that of before, until this process has taken it over. Null: no row.
    private @Nullable String expected;

    /// This process removes the row itself.
    private boolean removing;

    private @Nullable MigrationException overtaken;

    /// The slot's name, and what it is once it is there.
    private @Nullable String slotName;

    private @Nullable SlotIdentity slot;

    /// What is known to be complete of the copy, also while the target does not answer.
    private CopyRecord.@Nullable Step copied;

    /// Whether this process has begun the migration, so that it knows of every deed.
    private boolean begun;

    /// Whether the journal was last known from memory, because the target did not answer.
    private boolean fromMemory;

    /// The journal as this process knows it, last deed first: it is undone on the source even if the target is gone.
    private final List<Undo> known = new ArrayList<>();

    /// What is stored of a migration.
    ///
    /// @param phase how far it came: before STREAM_APPLY the copy was not complete
    /// @param configuration the options that must not change on a resume, as text
    /// @param source the database that it comes from
    public record Stored(
            Phase phase, String configuration, SourceServer source, Optional<CatalogFingerprint> fingerprint) {
        /// Whether the copy is complete.
        public boolean isStreaming() {
            return phase.compareTo(Phase.STREAM_APPLY) >= 0;
        }
    }

    /// One thing that was created, and the statement that undoes it.
    public record Undo(long id, Side side, String what, String sql) {}

    private StateStore(Database database, String subscription, Connection target) {
        this.database = database;
        this.subscription = subscription;
        this.target = target;
    }

    /// Opens the session that also keeps a second process away from this migration, from its first step to its last.
    ///
    /// @throws MigrationException TARGET_IN_USE if another process is at it
    public static StateStore open(Database target, String subscription) throws InterruptedException {
        return open(target, subscription, LEASE_LIMIT);
    }

    /// As [#open(Database, String)].
    ///
    /// @param limit how long to wait for the session of a process that has just ended
    public static StateStore open(Database target, String subscription, Duration limit) throws InterruptedException {
        StateStore state = new StateStore(target, subscription, connect(target, subscription, limit));
        boolean read = false;
        try {
            state.expected = state.mark(state.target);
            read = true;
            return state;
        } catch (SQLException refusal) {
            throw failed(refusal);
        } finally {
            if (!read) {
                state.close();
            }
        }
    }

    /// The lease that a process holds from its first step to its last.
    public static String leaseName(String subscription) {
        return "state of " + subscription;
    }

    /// A session of which a crash of the target forgets nothing that was answered: what the state says of a fence, and
    /// whether the target is open.
    public static Session durable(String purpose) {
        return Session.named(purpose).with("synchronous_commit", "on");
    }

    private static Connection connect(Database database, String subscription, Duration limit)
            throws InterruptedException {
        Connection connection = database.connect(durable("state").endingWithItsClient());
        boolean leased = false;
        try {
            Lease.take(
                    connection,
                    leaseName(subscription),
                    limit,
                    "Another pg-migrator is at work on this target for subscription \"" + subscription + "\".");
            leased = true;
            return connection;
        } catch (SQLException refusal) {
            throw failed(refusal);
        } finally {
            if (!leased) {
                SessionEnd.close(connection);
            }
        }
    }

    /// A session that answers: it is idle for hours, and a new one takes its place if it was lost.
    ///
    /// @throws MigrationException OVERTAKEN if another process has taken the migration over meanwhile: nothing may be
    ///     done to either database any more
    public Connection session() {
        try {
            if (overtaken != null) {
                throw overtaken;
            }
            if (!target.isValid(ALIVE_SECONDS)) {
                SessionEnd.close(target);
                target = reconnected();
            }
            return target;
        } catch (SQLException refusal) {
            throw failed(refusal);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new MigrationException(
                    Failure.of(FailureKind.TARGET_FAILED, "The state on the target was not opened.", "interrupted"),
                    stop);
        }
    }

    private @Nullable String mark(Connection connection) throws SQLException {
        return MigrationRecord.exists(connection)
                ? Catalog.value(
                        connection,
                        "select (select process::text from pgmigrator.migration where subscription = ?)",
                        subscription)
                : null;
    }

    private Connection reconnected() throws SQLException, InterruptedException {
        if (expected == null && !removing) {
            throw new MigrationException(
                    Failure.of(
                            FailureKind.TARGET_UNREACHABLE,
                            "The connection to the target was lost before the migration had begun.",
                            "without it another pg-migrator may have been at work there: nothing that was seen counts any more"));
        }
        Connection connection = connect(database, subscription, LEASE_LIMIT);
        boolean ours = false;
        try {
            requireStillOurs(connection);
            ours = true;
            return connection;
        } finally {
            if (!ours) {
                SessionEnd.close(connection);
            }
        }
    }

    private void requireStillOurs(Connection connection) throws SQLException {
        String now = mark(connection);
        if (process.toString().equals(now)) {
            // Also if the answer to what set it was lost.
            expected = now;
            return;
        }
        if (expected == null && now == null && !removing) {
            throw new MigrationException(
                    Failure.of(
                            FailureKind.TARGET_UNREACHABLE,
                            "The connection to the target was lost before the migration had begun.",
                            "without it another pg-migrator may have been at work there: nothing that was seen counts any more"));
        }
        if (!removing && !Objects.equals(now, expected)) {
            overtaken = new MigrationException(Failure.of(
                            FailureKind.OVERTAKEN,
                            "Another pg-migrator has gone on with this migration since the connection to the target was"
                                    + " lost.",
                            now == null
                                    ? "the target remembers it no more: it was completed or aborted"
                                    : "it was taken over by --resume or abort")
                    .withState("what the other process has made of them; this one has touched nothing since"));
            throw overtaken;
        }
    }

    /// This process's mark.
    public UUID process() {
        return process;
    }

    /// The migration is this process's from here on.
    public void takeOver() {
        try (PreparedStatement update = session()
                .prepareStatement(
                        "update pgmigrator.migration set process = ?, updated_at = now() where subscription = ?")) {
            update.setObject(1, process);
            update.setString(2, subscription);
            requireOurs(update.executeUpdate());
            expected = process.toString();
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// Nobody but this process could have removed the row since it was seen, if its lease holds.
    private static void requireOurs(int rows) {
        if (rows != 1) {
            throw new MigrationException(Failure.of(
                            FailureKind.OVERTAKEN,
                            "The target does not remember the migration any more.",
                            "it was completed or aborted")
                    .withState("nothing was changed"));
        }
    }

    /// Noted in memory, for when the target does not answer.
    public void copyHasReached(CopyRecord.Step step) {
        copied = step;
    }

    /// What this process knows to be complete of the copy.
    public Optional<CopyRecord.Step> copied() {
        return Optional.ofNullable(copied);
    }

    /// The slot that the copy is exact to: what is undone from memory must be that one.
    public void copiesAt(SlotIdentity identity) {
        slot = identity;
        slotName = identity.slot();
    }

    Optional<String> slotName() {
        return Optional.ofNullable(slotName);
    }

    String subscription() {
        return subscription;
    }

    Optional<SlotIdentity> slot() {
        return Optional.ofNullable(slot);
    }

    /// What this process knows of the journal, without asking; empty if it may not know all of it.
    public Optional<List<Undo>> known() {
        return begun || !known.isEmpty() ? Optional.of(List.copyOf(known)) : Optional.empty();
    }

    /// Whether what [#journal] has answered last is only what this process remembers.
    public boolean isFromMemory() {
        return fromMemory;
    }

    /// Empty if the target does not know this migration.
    public Optional<Stored> read() {
        try {
            if (!exists()) {
                return Optional.empty();
            }
            try (PreparedStatement statement = session()
                    .prepareStatement(
                            "select phase, configuration, fingerprint, source_system, source_database from pgmigrator.migration where subscription = ?")) {
                statement.setString(1, subscription);
                try (ResultSet row = statement.executeQuery()) {
                    return row.next()
                            ? Optional.of(new Stored(
                                    Phase.valueOf(row.getString(1)),
                                    row.getString(2),
                                    new SourceServer(row.getString(4), row.getString(5)),
                                    Optional.ofNullable(row.getString(3)).map(CatalogFingerprint::parse)))
                            : Optional.empty();
                }
            }
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    private boolean exists() throws SQLException {
        return MigrationRecord.exists(session());
    }

    /// Creates schema and tables if need be, and the migration's row: all of it or nothing.
    ///
    /// @param room the target as it is now
    public void begin(MigrationOrigin origin, RoomRecord room) {
        Connection alive = session();
        try (Statement statement = alive.createStatement()) {
            alive.setAutoCommit(false);
            statement.execute("create schema if not exists pgmigrator");
            statement.execute("""
                    create table if not exists pgmigrator.migration (
                        subscription text primary key,
                        phase text not null,
                        configuration text not null,
                        slot text not null,
                        source_system text not null,
                        source_database text not null,
                        include_schemas text[] not null,
                        exclude_schemas text[] not null,
                        include_tables text[] not null,
                        exclude_tables text[] not null,
                        fingerprint text,
                        aborting boolean not null default false,
                        process uuid not null,
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
            Progress.createTable(alive);
            Bulletin.createTable(alive);
            Requests.createTable(alive);
            CutoverRecord.createTable(alive);
            SpoolRecord.createTable(alive);
            CopyRecord.createTables(alive);
            RoomRecord.createTable(alive);
            ExtensionTables.createTable(alive);
            HolderRecord.createTable(alive);
            CopyRecord.remove(alive, subscription);
            requireAlone(alive);
            try (PreparedStatement insert =
                    alive.prepareStatement("insert into pgmigrator.migration (subscription, phase, "
                            + MigrationOrigin.COLUMNS
                            + ", process) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (subscription)"
                            + " do update set process = excluded.process, phase = excluded.phase, configuration = excluded.configuration,"
                            + " fingerprint = null, aborting = false, updated_at = now()")) {
                insert.setString(1, subscription);
                insert.setString(2, Phase.PREPARE_SNAPSHOT.name());
                origin.set(insert, 3);
                insert.setObject(11, process);
                insert.executeUpdate();
            }
            room.write(alive, subscription);
            alive.commit();
            alive.setAutoCommit(true);
            expected = process.toString();
            slotName = origin.slot();
            copied = null;
            begun = true;
        } catch (SQLException refusal) {
            rollBack(alive);
            throw failed(refusal);
        }
    }

    /// The copy is complete: from here on a resume goes on with the stream.
    public void streamingFrom(SlotIdentity identity, CatalogFingerprint fingerprint) {
        Connection alive = session();
        try {
            alive.setAutoCommit(false);
            try (PreparedStatement update = alive.prepareStatement(
                    "update pgmigrator.migration set phase = ?, fingerprint = ?, updated_at = now() where subscription = ?")) {
                update.setString(1, Phase.STREAM_APPLY.name());
                update.setString(2, fingerprint.toText());
                update.setString(3, subscription);
                update.executeUpdate();
            }
            Progress.initialise(alive, subscription, identity);
            CopyRecord.remove(alive, subscription);
            alive.commit();
            alive.setAutoCommit(true);
        } catch (SQLException refusal) {
            rollBack(alive);
            throw failed(refusal);
        }
    }

    /// Two that were started at the same time have both passed the checks.
    private void requireAlone(Connection alive) throws SQLException {
        try (Statement lock = alive.createStatement()) {
            lock.execute("lock table pgmigrator.migration in share row exclusive mode");
        }
        String other = Catalog.value(
                alive,
                "select (select min(subscription) from pgmigrator.migration where subscription <> ?)",
                subscription);
        if (other != null) {
            rollBack(alive);
            throw new MigrationException(Failure.of(
                            FailureKind.ALREADY_MIGRATING,
                            "The target already holds another migration, of subscription \"" + other + "\".",
                            "one database takes one migration at a time")
                    .withState("nothing was changed"));
        }
    }

    /// Back to autocommit: what is to be undone after a refusal is read on this session.
    private static void rollBack(Connection connection) {
        try {
            connection.rollback();
            connection.setAutoCommit(true);
        } catch (SQLException lost) {
            SessionEnd.close(connection);
        }
    }

    /// `abort` begins: whatever comes of it, nothing may go on with the stream that is being taken apart.
    public void abortBegins() {
        Connection alive = session();
        try {
            alive.setAutoCommit(false);
            try (PreparedStatement update = alive.prepareStatement("update pgmigrator.migration set phase = ?,"
                    + " fingerprint = null, aborting = true, updated_at = now() where subscription = ?")) {
                update.setString(1, Phase.PREPARE_SNAPSHOT.name());
                update.setString(2, subscription);
                requireOurs(update.executeUpdate());
            }
            Progress.remove(alive, subscription);
            CopyRecord.remove(alive, subscription);
            alive.commit();
            alive.setAutoCommit(true);
        } catch (SQLException refusal) {
            rollBack(alive);
            throw failed(refusal);
        }
    }

    /// The migration has come to this phase.
    public void phase(Phase phase) {
        try (PreparedStatement update = session()
                .prepareStatement(
                        "update pgmigrator.migration set phase = ?, updated_at = now() where subscription = ?")) {
            update.setString(1, phase.name());
            update.setString(2, subscription);
            update.executeUpdate();
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// The journal of one side, for the engines that create something there.
    public UndoLog undoLog(Side side) {
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
        try (PreparedStatement insert = session()
                .prepareStatement(
                        "insert into pgmigrator.journal (subscription, side, what, undo_sql) values (?, ?, ?, ?) returning id")) {
            insert.setString(1, subscription);
            insert.setString(2, side.name());
            insert.setString(3, what);
            insert.setString(4, undoSql);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                known.addFirst(new Undo(row.getLong(1), side, what, undoSql));
                return row.getLong(1);
            }
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// What is to be undone, last deed first: slot, then publications, then identities. Of a target that cannot be
    /// reached, what this process has read and written there.
    public List<Undo> journal() {
        try {
            List<Undo> entries = readJournal();
            known.clear();
            known.addAll(entries);
            fromMemory = false;
        } catch (MigrationException lost) {
            if (lost.failure().kind() != Side.TARGET.unreachable() || known.isEmpty()) {
                throw lost;
            }
            fromMemory = true;
        }
        return List.copyOf(known);
    }

    private List<Undo> readJournal() {
        try {
            return exists() ? readJournal(session(), subscription) : List.of();
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    static List<Undo> readJournal(Connection target, String subscription) throws SQLException {
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
    }

    /// The entry's deed is undone, or never happened.
    public void done(long entry) {
        known.removeIf(undo -> undo.id() == entry);
        try (PreparedStatement delete = session().prepareStatement("delete from pgmigrator.journal where id = ?")) {
            delete.setLong(1, entry);
            delete.executeUpdate();
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// Removes this migration's rows, and the schema when no other migration uses it.
    public void remove() {
        try (Statement statement = session().createStatement()) {
            if (!exists()) {
                return;
            }
            removing = true;
            CutoverRecord.remove(session(), subscription);
            SpoolRecord.remove(session(), subscription);
            CopyRecord.remove(session(), subscription);
            RoomRecord.remove(session(), subscription);
            ExtensionTables.remove(session(), subscription);
            HolderRecord.remove(session(), subscription);
            for (String table : List.of("migration", "journal", "bulletin", "request")) {
                try (PreparedStatement delete =
                        session().prepareStatement("delete from pgmigrator." + table + " where subscription = ?")) {
                    delete.setString(1, subscription);
                    delete.executeUpdate();
                }
            }
            if ("0".equals(Catalog.value(session(), "select count(*) from pgmigrator.migration"))) {
                statement.execute("drop schema pgmigrator cascade");
            } else {
                Progress.remove(session(), subscription);
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
        SessionEnd.close(target);
    }
}
