package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.ReplicationConfig;
import org.pgmigrator.core.control.Confirmation;
import org.pgmigrator.core.cutover.Fence;
import org.pgmigrator.core.cutover.FenceState;
import org.pgmigrator.core.cutover.SourceDoor;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.snapshot.ReplicationSlot;

/// `abort` when the target remembers no migration any more, since a complete cutover has left the source closed and
/// nothing else; or when the target is lost, and nobody remembers.
final class SourceUnlock {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /// The sessions of a process that has just ended go by themselves.
    private static final Duration SESSIONS_END = Duration.ofSeconds(4);

    private static final Duration POLL = Duration.ofMillis(200);

    private final Database source;
    private final boolean unlock;
    private final Confirmation confirmation;
    private final ProgressListener listener;

    /// @param unlock whether the operator wants the source to serve again; otherwise it is only looked at
    SourceUnlock(Database source, boolean unlock, Confirmation confirmation, ProgressListener listener) {
        this.source = source;
        this.unlock = unlock;
        this.confirmation = confirmation;
        this.listener = listener;
    }

    /// @param nothingFound what was said of the target
    /// @throws MigrationException CHECK_REFUSED if a process may be about to open the target, whose name was not given
    void run(List<String> nothingFound) throws InterruptedException {
        List<String> summary = new ArrayList<>(nothingFound);
        try (Connection connection = source.connect(Session.named("abort"))) {
            FenceState fence = Fence.state(connection);
            Optional<SourceDoor.Closing> door = SourceDoor.found(connection);
            List<String> closed = closed(fence, door);
            if (closed.isEmpty()) {
                summary.add("the source is not closed");
            } else if (!unlock) {
                summary.add("the source is closed by a cutover: " + String.join("; ", closed)
                        + ". To let it serve again, without what was written to the target since: pg-migrator abort"
                        + " --unlock-source");
            } else {
                requireNobodyAtWork(connection);
                summary.addAll(unlock(connection, door, closed, nothingFound));
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The source's fence could not be looked at.", refusal);
        } catch (MigrationException refused) {
            if (unlock || refused.failure().kind() != Side.SOURCE.unreachable()) {
                throw refused;
            }
            summary.add("the source cannot be reached: " + refused.failure().why());
        }
        listener.on(new ProgressEvent.Complete(summary));
    }

    /// The target is out of reach, and with it what it knows of the migration.
    ///
    /// @param unreachable how it could not be reached
    /// @throws MigrationException that one, if the source is not to be unlocked; CHECK_REFUSED if a process may be
    /// about
    ///     to open the target; LEFT_BEHIND with the slots that are left
    void withoutTarget(Database target, MigrationException unreachable) throws InterruptedException {
        if (!unlock) {
            List<String> remedy = new ArrayList<>(unreachable.failure().remedy());
            remedy.add("If the target is lost for good: pg-migrator abort --unlock-source lets the source serve again"
                    + " without it, if a cutover has closed it, and names what is left there.");
            throw new MigrationException(
                    unreachable.failure().withState("nothing was changed").withRemedy(remedy.toArray(String[]::new)),
                    unreachable);
        }
        listener.on(new ProgressEvent.Warning("the target " + target.describe() + " cannot be reached, so that what the"
                + " migration has created is not known: "
                + unreachable.failure().why()));
        List<String> summary = new ArrayList<>();
        List<String> left;
        try (Connection connection = source.connect(Session.named("abort"))) {
            requireNobodyAtWork(connection);
            FenceState fence = Fence.state(connection);
            Optional<SourceDoor.Closing> door = SourceDoor.found(connection);
            List<String> closed = closed(fence, door);
            if (closed.isEmpty()) {
                summary.add("the source is not closed");
            } else {
                summary.addAll(unlock(connection, door, closed, List.of()));
            }
            left = left(connection);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The source's fence could not be looked at.", refusal);
        }
        if (!left.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.LEFT_BEHIND,
                            "The source may still hold what the migration has created; only the target knows what is its.",
                            String.join("\n", left))
                    .withState(String.join("; ", summary))
                    .withRemedy(
                            "Run of the listed statements those for the migration's own slot (--slot-name): a slot that is"
                                    + " left behind fills the source's disk.",
                            "REPLICA IDENTITY FULL of tables without a key (--without-identity full) stays as well."));
        }
        listener.on(new ProgressEvent.Complete(summary));
    }

    /// A process that reaches the target may be about to open it.
    private static void requireNobodyAtWork(Connection connection) throws SQLException, InterruptedException {
        long deadline = System.nanoTime() + SESSIONS_END.toNanos();
        String sessions = sessionsAtWork(connection);
        while (!sessions.isEmpty() && System.nanoTime() < deadline) {
            Thread.sleep(POLL);
            sessions = sessionsAtWork(connection);
        }
        if (!sessions.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.CHECK_REFUSED,
                            "A pg-migrator has sessions on the source: it is not unlocked under it.",
                            sessions)
                    .withState("nothing was changed")
                    .withRemedy(
                            "Stop that process first: kill -TERM. Sessions of one that is gone:"
                                    + " SELECT pg_terminate_backend(pid); on the source.",
                            "Then run abort again."));
        }
    }

    private static String sessionsAtWork(Connection connection) throws SQLException {
        String sessions = Catalog.value(connection, """
                select string_agg(format('pid %s "%s"', pid, application_name), ', ' order by pid)
                from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid() and application_name like ?
                """, Session.NAME_PREFIX + "%");
        return sessions == null ? "" : sessions;
    }

    /// Slots that nobody uses, and the publications that go with such a name.
    private static List<String> left(Connection connection) throws SQLException {
        List<String> left = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        select slot_name from pg_replication_slots
                        where database = current_database() and plugin = 'pgoutput' and not active order by 1
                        """)) {
            while (row.next()) {
                ReplicationConfig names = new ReplicationConfig(
                        row.getString(1),
                        Optional.empty(),
                        ReplicationConfig.DEFAULT_SUBSCRIPTION_NAME,
                        ReplicationConfig.WithoutIdentity.FAIL,
                        Duration.ZERO);
                left.add("on the source, replication slot \"" + names.slotName() + "\": "
                        + ReplicationSlot.dropSql(names.slotName()) + "; DROP PUBLICATION IF EXISTS "
                        + QualifiedName.quote(names.ownPublication()) + ", "
                        + QualifiedName.quote(names.insertOnlyPublication()) + ";");
            }
        }
        return left;
    }

    private static List<String> closed(FenceState fence, Optional<SourceDoor.Closing> door) {
        List<String> closed = new ArrayList<>();
        switch (fence.presence()) {
            case EXISTS -> closed.add(fence.present() + " tables refuse writes since " + fence.since());
            case PARTIAL -> closed.add(fence.present() + " tables refuse writes");
            case ABSENT -> {
                if (fence.present() > 0) {
                    closed.add(fence.present() + " triggers are left, which refuse nothing any more");
                }
            }
        }
        door.ifPresent(found -> closed.add("its database is read-only by default"));
        return closed;
    }

    /// @param notFound what the operator has to know of the target before he agrees
    private List<String> unlock(
            Connection connection, Optional<SourceDoor.Closing> door, List<String> closed, List<String> notFound)
            throws SQLException, InterruptedException {
        List<String> plan = new ArrayList<>(notFound);
        closed.forEach(line -> plan.add("take back on the source: " + line));
        plan.add("what was written to the target since the cutover is NOT on the source");
        if (!confirmation.confirm("Let the source " + source.describe() + " serve again?", plan)) {
            throw new MigrationException(
                    Failure.of(FailureKind.CHECK_REFUSED, "The source was not unlocked: it was not agreed to.", "")
                            .withState("nothing was changed")
                            .withRemedy("Answer yes, or give --yes."));
        }
        // The answer may have taken long.
        requireNobodyAtWork(connection);
        door.ifPresent(found -> SourceDoor.open(connection, found));
        if (!Fence.drop(connection, PATIENCE).removed()) {
            throw new MigrationException(Failure.of(
                            FailureKind.LEFT_BEHIND,
                            "The source takes writes again, but the fence's triggers could not be dropped.",
                            "somebody reads the tables all the time")
                    .withState("the source is serving; the triggers refuse nothing any more")
                    .withRemedy("Run on the source: " + Fence.dropSql() + ";"));
        }
        return List.of(
                "the source is serving again: " + String.join("; ", closed)
                        + " was taken back; sessions that began meanwhile" + " may have to connect again",
                "the target keeps what it has, also what was written to it since the cutover, which the source does not"
                        + " have: let only one of them be written to");
    }
}
