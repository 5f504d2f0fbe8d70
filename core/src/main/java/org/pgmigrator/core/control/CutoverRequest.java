package org.pgmigrator.core.control;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.apply.Lease;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.state.MigrationRecord;
import org.pgmigrator.core.state.NoMigration;
import org.pgmigrator.core.state.Note;
import org.pgmigrator.core.state.Requests;
import org.pgmigrator.core.state.Requests.Kind;
import org.pgmigrator.core.state.Requests.State;
import org.pgmigrator.core.state.StateStore;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/// Asks the running migration for its cutover, from any terminal, and follows it to its end. Used once, by one thread.
public final class CutoverRequest {

    private static final Duration TICK = Duration.ofMillis(250);

    /// The process looks four times a second.
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(20);

    /// Its session ends a moment before its last word is read.
    private static final Duration FAREWELL_LIMIT = Duration.ofSeconds(5);

    private final Database target;
    private final String subscription;
    private final ProgressListener listener;

    private boolean accepted;
    private long deserted;

    /// @param listener hears what the migration's own terminal sees of the cutover
    public CutoverRequest(Database target, String subscription, ProgressListener listener) {
        this.target = target;
        this.subscription = subscription;
        this.listener = listener;
    }

    /// Returns when the target is open; publishes [ProgressEvent.Complete] last.
    ///
    /// @throws MigrationException CUTOVER_NOT_COMPLETED if it is refused, given up, or nobody is at work; NO_MIGRATION;
    ///     or the failure that has ended the process at work
    /// @throws InterruptedException if it is not to be waited for any longer; what was taken up goes on without us
    public void run() throws InterruptedException {
        ask(Kind.CUTOVER);
    }

    /// As [#run], but the migration goes back to its stream when everything is proved.
    public void rehearse() throws InterruptedException {
        ask(Kind.REHEARSE);
    }

    private void ask(Kind kind) throws InterruptedException {
        try (Connection connection = target.connect(Session.named("request"))) {
            MigrationRecord migration = MigrationRecord.read(connection, subscription)
                    .orElseThrow(() -> NoMigration.exception(target, connection, subscription));
            if (migration.isOpened()) {
                listener.on(new ProgressEvent.Complete(List.of(
                        "the cutover is complete already, and the target is open",
                        "what it has left is removed by: pg-migrator migrate --resume")));
                return;
            }
            if (Lease.holder(connection, StateStore.leaseName(subscription)).isEmpty()) {
                throw nobody(migration);
            }
            try (Statement statement = connection.createStatement()) {
                statement.execute("listen " + Requests.ANSWER_CHANNEL);
            }
            follow(connection, Requests.ask(connection, subscription, kind, askedBy()));
        } catch (SQLException lost) {
            throw SqlState.toException(
                    Side.TARGET,
                    accepted
                            ? "The session on the target was lost; the cutover that was asked for goes on without it."
                            : "The running migration could not be asked.",
                    lost);
        }
    }

    private static String askedBy() {
        return System.getProperty("user.name", "somebody") + " on " + RequestDesk.host() + ", pid "
                + ProcessHandle.current().pid();
    }

    private void follow(Connection connection, long id) throws SQLException, InterruptedException {
        long asked = System.nanoTime();
        try {
            while (true) {
                if (heard(connection, id) || ended(connection, id)) {
                    return;
                }
                if (!accepted && System.nanoTime() - asked > ANSWER_LIMIT.toNanos()) {
                    if (Requests.withdraw(connection, id)) {
                        throw notDone("the process at work has not answered for " + ANSWER_LIMIT.toSeconds()
                                + " s; the request was withdrawn");
                    }
                    accepted = true;
                }
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
        } catch (InterruptedException stop) {
            if (!accepted && Requests.withdraw(connection, id)) {
                listener.on(new ProgressEvent.Notice("the request was withdrawn before anybody took it up"));
            } else {
                listener.on(new ProgressEvent.Warning(
                        "the cutover that was asked for goes on: only this terminal stops watching it"));
            }
            throw stop;
        }
    }

    /// @return whether the last note has come
    private boolean heard(Connection connection, long id) throws SQLException {
        PGNotification[] notifications = connection.unwrap(PGConnection.class).getNotifications((int) TICK.toMillis());
        if (notifications == null) {
            return false;
        }
        String mine = id + Note.SEPARATOR;
        for (PGNotification notification : notifications) {
            String payload = notification.getParameter();
            if (notification.getName().equals(Requests.ANSWER_CHANNEL) && payload.startsWith(mine)) {
                if (show(Note.decode(payload.substring(mine.length())))) {
                    return true;
                }
            }
        }
        return false;
    }

    /// @return whether it was the last
    private boolean show(Note note) {
        switch (note) {
            case Note.Accepted taken -> {
                accepted = true;
                listener.on(new ProgressEvent.Notice(taken.text()));
            }
            case Note.News news -> listener.on(news.event());
            case Note.Done done -> listener.on(new ProgressEvent.Complete(done.summary()));
            case Note.NotDone notDone -> throw notDone(notDone.reason());
            case Note.Failed failed -> throw failed(failed.failure());
        }
        return note.isLast();
    }

    /// That somebody has stopped the process is no stop of ours.
    private static MigrationException failed(Failure failure) {
        return switch (failure.kind().exitCode()) {
            case STOPPED_BY_INTERRUPT, STOPPED_BY_TERMINATE ->
                notDone("the process at work was stopped: " + failure.what());
            case DONE,
                    BUG,
                    USAGE,
                    CHECK_REFUSED,
                    SOURCE,
                    REPLICATION,
                    TARGET,
                    VERIFICATION_DIFFERENCE,
                    CUTOVER_NOT_COMPLETED ->
                new MigrationException(
                        failure.state().isEmpty()
                                ? failure.withState("the process at work has ended with this failure")
                                : failure);
        };
    }

    /// Whether it is over although no note has said so: notes are lost with a session, and the rows with a success.
    private boolean ended(Connection connection, long id) throws SQLException {
        Optional<Requests.Standing> standing = standing(connection, id);
        if (standing.isPresent() && standing.get().state() == State.ACCEPTED) {
            accepted = true;
        }
        boolean left = standing.isEmpty()
                || standing.get().state() == State.ENDED
                || Lease.holder(connection, StateStore.leaseName(subscription)).isEmpty();
        if (!left) {
            deserted = 0;
            return false;
        }
        if (deserted == 0) {
            deserted = System.nanoTime();
        }
        if (System.nanoTime() - deserted < FAREWELL_LIMIT.toNanos()) {
            return false;
        }
        if (standing.isPresent() && standing.get().last().isPresent()) {
            return show(standing.get().last().get());
        }
        throw standing.isPresent()
                ? notDone("the process at work has ended without an answer")
                : new MigrationException(Failure.of(
                                FailureKind.TARGET_FAILED,
                                "The migration's state is gone from the target, and no answer has come.",
                                "a cutover that completes removes it, and so does abort")
                        .withRemedy("The screen or the log of the process that was at work says which of the two."));
    }

    private static Optional<Requests.Standing> standing(Connection connection, long id) throws SQLException {
        try {
            return Requests.exist(connection) ? Requests.standing(connection, id) : Optional.empty();
        } catch (SQLException refusal) {
            if (SqlState.UNDEFINED_TABLE.equals(refusal.getSQLState())) {
                return Optional.empty();
            }
            throw refusal;
        }
    }

    private static MigrationException notDone(String reason) {
        return new MigrationException(Failure.of(
                        FailureKind.CUTOVER_NOT_COMPLETED, "The cutover was not completed.", reason)
                .withState("the source is serving")
                .withRemedy("Remove the cause; pg-migrator status shows how the migration stands. Then ask again."));
    }

    private MigrationException nobody(MigrationRecord migration) {
        return new MigrationException(Failure.of(
                        FailureKind.CUTOVER_NOT_COMPLETED,
                        "No process is at work on migration \"" + subscription + "\" that could cut over.",
                        "it was stopped in " + migration.phase().title())
                .withState("the source is serving; slot \"" + migration.origin().slot()
                        + "\" holds back WAL there until the migration goes on or is aborted")
                .withRemedy(
                        "Run pg-migrator migrate with the options that it was started with, and --resume; then ask again.",
                        "Or give it up: pg-migrator abort."));
    }
}
