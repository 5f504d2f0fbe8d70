package org.pgmigrator.core.snapshot;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.decoder.Lsn;
import org.postgresql.PGConnection;

/// A logical replication slot that was just created, with the snapshot of its consistent point.
///
/// The snapshot is alive only while the walsender session that exported it stays open and idle.
/// Source: https://www.postgresql.org/docs/current/protocol-replication.html (CREATE_REPLICATION_SLOT)
///
/// @param snapshot its name, to be imported before the session is closed
public record ReplicationSlot(String name, Lsn consistentPoint, String snapshot) {

    /// How a journal names one: this, then the quoted name.
    public static final String WHAT = "replication slot ";

    /// The server waits for each running transaction; `lock_timeout` bounds each of these waits, this one all of them.
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private static final Duration FIRST_REPORT = Duration.ofSeconds(2);

    /// Creates the slot. Interruptible: then the server is asked to cancel, and the slot does not exist.
    ///
    /// @param walsender a session in database mode, which must be kept open and idle afterwards
    /// @param source    an ordinary session, to see who is in the way
    /// @param waiting   told who is in the way, each time it changes
    /// @throws MigrationException SLOT_CREATION_BLOCKED with the blockers, or SOURCE_FAILED
    public static ReplicationSlot create(
            Connection walsender, Connection source, String name, UndoLog undoLog, Consumer<List<String>> waiting)
            throws InterruptedException {
        long entry = undoLog.willCreate(WHAT + "\"" + name + "\"", dropSql(name));
        FutureTask<ReplicationSlot> creation = new FutureTask<>(() -> execute(walsender, name));
        Thread thread = Thread.ofVirtual().name("slot-creation").start(creation);
        List<String> blockers = List.of();
        long deadline = System.nanoTime() + LIMIT.toNanos();
        Duration pause = FIRST_REPORT;
        try {
            while (true) {
                try {
                    return creation.get(pause.toMillis(), TimeUnit.MILLISECONDS);
                } catch (TimeoutException stillWaiting) {
                    List<String> now = SlotBlockers.list(source);
                    if (!now.equals(blockers)) {
                        blockers = now;
                        waiting.accept(blockers);
                    }
                    if (System.nanoTime() > deadline) {
                        cancel(walsender, thread);
                        throw blocked(name, blockers, "gave up after " + LIMIT.toSeconds() + " s");
                    }
                    pause = Duration.ofSeconds(1);
                }
            }
        } catch (ExecutionException failed) {
            throw failure(name, blockers, failed, undoLog, entry);
        } catch (SQLException sourceFailed) {
            cancel(walsender, thread);
            throw SqlState.toException(Side.SOURCE, "Slot \"" + name + "\" could not be created.", sourceFailed);
        } catch (InterruptedException stop) {
            cancel(walsender, thread);
            throw stop;
        }
    }

    private static ReplicationSlot execute(Connection walsender, String name) throws SQLException {
        try (Statement statement = walsender.createStatement();
                ResultSet row = statement.executeQuery(
                        "CREATE_REPLICATION_SLOT " + QualifiedName.quote(name) + " LOGICAL pgoutput EXPORT_SNAPSHOT")) {
            row.next();
            return new ReplicationSlot(
                    row.getString("slot_name"),
                    Lsn.parse(row.getString("consistent_point")),
                    row.getString("snapshot_name"));
        }
    }

    /// A walsender that waits goes on waiting when its client is gone: only a cancel ends it at once.
    private static void cancel(Connection walsender, Thread thread) {
        try {
            walsender.unwrap(PGConnection.class).cancelQuery();
            thread.join(Duration.ofSeconds(5));
        } catch (SQLException alreadyGone) {
            // The walsender is gone, and an unfinished slot with it.
        } catch (InterruptedException again) {
            Thread.currentThread().interrupt();
        }
    }

    private static MigrationException failure(
            String name, List<String> blockers, ExecutionException failed, UndoLog undoLog, long entry) {
        if (!(failed.getCause() instanceof SQLException refusal)) {
            return new MigrationException(
                    Failure.of(FailureKind.BUG, "Slot \"" + name + "\" could not be created.", failed.toString()),
                    failed);
        }
        if (SqlState.LOCK_NOT_AVAILABLE.equals(refusal.getSQLState())) {
            return blocked(name, blockers, SqlState.serverWords(refusal));
        }
        if (SqlState.DUPLICATE_OBJECT.equals(refusal.getSQLState())) {
            undoLog.forget(entry);
        }
        return SqlState.toException(Side.SOURCE, "Slot \"" + name + "\" could not be created.", refusal);
    }

    private static MigrationException blocked(String name, List<String> blockers, String why) {
        return new MigrationException(Failure.of(
                FailureKind.SLOT_CREATION_BLOCKED,
                "Slot \"" + name + "\" could not be created: running transactions are in the way.",
                why + (blockers.isEmpty() ? "" : "\n" + String.join("\n", blockers))));
    }

    /// One statement that drops the slot if it exists.
    public static String dropSql(String name) {
        return "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '" + name + "'";
    }
}
