package org.pgmigrator.core.phase.cutover;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.pgmigrator.core.config.CutoverConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.SourceLockConfig.Mode;
import org.pgmigrator.core.cutover.SequenceMoves;
import org.pgmigrator.core.cutover.SourceDoor;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.state.SourceClosing;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.core.state.Undoing;
import org.pgmigrator.decoder.Lsn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is left past the cutover's point of no return: open the target, tell new sessions of the source, clean up. Each
/// step can be done again, by the next process too.
final class CutoverFinish {

    /// The target is open already, so that nobody waits for that.
    private static final Duration SOURCE_PATIENCE = Duration.ofMinutes(1);

    private static final Duration SOURCE_PAUSE = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(CutoverFinish.class);

    private static final String OPEN = "the target is open for writes";

    private final CutoverConfig config;
    private final StateStore state;
    private final Database source;
    private final ProgressListener listener;

    CutoverFinish(CutoverConfig config, StateStore state, Database source, ProgressListener listener) {
        this.config = config;
        this.state = state;
        this.source = source;
        this.listener = listener;
    }

    /// Under the lock nobody writes a row, but whoever wants can draw a value of a sequence: the target's are never
    /// below what the closed source says.
    ///
    /// @param observer a session on the source; a new one takes its place if it was lost
    void raiseSequences(Connection observer, Predicate<QualifiedName> carried) {
        try {
            raise(observer, carried);
        } catch (MigrationException failed) {
            requireSource(failed);
            try (Connection another = source.connect(Session.named("sequences"))) {
                raise(another, carried);
            } catch (SQLException closing) {
                log.debug("a session was gone before it was closed reason={}", closing.getMessage());
            } catch (MigrationException again) {
                requireSource(again);
                listener.on(
                        new ProgressEvent.Warning(
                                "the source did not say after it was closed where its sequences are ("
                                        + again.failure().why()
                                        + "): values that were drawn from them during the lock, and used outside"
                                        + " of the carried tables, may come again; pg-migrator sequences advance N moves them further"));
            }
        }
    }

    private void raise(Connection observer, Predicate<QualifiedName> carried) {
        long moved = SequenceMoves.sync(observer, state.session(), carried, config.sequenceBuffer(), false)
                .count(SequenceMoves.What.MOVED);
        log.info("sequences after the fence moved={}", moved);
    }

    /// The target's own failures are no reason to go on.
    private static void requireSource(MigrationException failed) {
        if (failed.failure().kind().exitCode() != Side.SOURCE.unreachable().exitCode()) {
            throw failed;
        }
    }

    /// Looks for the fence of this token.
    ///
    /// @param observer a session on the source; a new one takes its place if it was lost. A source that does not answer
    ///                 has not been unlocked by that
    void requireFence(Connection observer, String token) {
        try {
            SourceClosing.requireClosed(observer, token);
        } catch (SQLException lost) {
            log.debug("the session on the source was lost reason={}", lost.getMessage());
            try {
                requireFence(token);
            } catch (MigrationException again) {
                if (again.failure().kind() == FailureKind.SOURCE_FENCE) {
                    throw again;
                }
                listener.on(new ProgressEvent.Warning("the source was closed, and does not answer any more: "
                        + again.failure().why()));
            }
        }
    }

    /// Looks for the fence of this token, on a source that has to answer.
    void requireFence(String token) {
        try (Connection connection = source.connect(Session.named("fence"))) {
            SourceClosing.requireClosed(connection, token);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The source's fence could not be looked at.", refusal);
        }
    }

    /// @param closed    how the source is, for the failure
    /// @param condition what has to hold for the target to be opened
    void openTarget(TargetOpening opening, String closed, TargetOpening.Condition condition)
            throws InterruptedException {
        Undoing.Outcome opened = opening.open(TargetOpening.AFTER_NO_RETURN, condition);
        if (!opened.isComplete()) {
            throw new MigrationException(Failure.of(
                            FailureKind.TARGET_FAILED,
                            "Everything is on the target, but it could not be opened.",
                            String.join("\n", opened.left()))
                    .withState("the target is complete; slot and publication are kept; " + closed)
                    .withRemedy("Remove the cause, then run the same command with --resume."));
        }
    }

    /// New sessions on the source hear at once that they are at the wrong place. An addition to the fence: not
    /// everybody may do that, and nothing depends on it.
    private void closeDoor() {
        try (Connection connection = source.connect(Session.named("door"))) {
            SourceDoor.Closing closing = SourceDoor.plan(connection);
            if (state.journal().stream().noneMatch(SourceClosing::isDefault)) {
                state.undoLog(Side.SOURCE).willCreate(SourceClosing.DEFAULT, closing.undoSql());
            }
            SourceDoor.close(connection, closing);
        } catch (SQLException | MigrationException refused) {
            String why = refused instanceof MigrationException failed
                    ? failed.failure().why()
                    : SqlState.serverWords((SQLException) refused);
            listener.on(new ProgressEvent.Warning(
                    "the source's tables refuse writes, but its database could not be made read-only by default as well: "
                            + why
                            + ". New sessions there hear only at their first write that they are at the wrong place"));
        }
    }

    /// The end of every cutover whose target is open: tells the source's new sessions, cleans up, and says what was
    /// done.
    ///
    /// @param finalLsn what the target has; empty if that is not known any more
    /// @param elapsed  how long the cutover took
    /// @param facts    what else there is to say of it
    void complete(
            Optional<Lsn> finalLsn, Duration elapsed, Optional<Duration> downtime, Mode mode, List<String> facts) {
        long began = System.nanoTime();
        if (mode == Mode.TABLES) {
            closeDoor();
        }
        List<String> left = cleanUp();
        listener.on(new ProgressEvent.CutoverStep(
                "clean up",
                Duration.ofNanos(System.nanoTime() - began),
                left.isEmpty() ? whatIsKept() : "not complete"));
        FaultPoint.CLEANED_UP.reached();
        finalLsn.ifPresent(lsn -> listener.on(new ProgressEvent.CutoverComplete(lsn, elapsed, downtime)));
        requireNothingLeft(left);
        List<String> summary = new ArrayList<>(facts);
        summary.add(OPEN);
        downtime.ifPresent(time -> summary.add("writes were kept away for " + time.toMillis()
                + " ms, from the first lock on the source to the open target"));
        summary.add(sourceIs(mode));
        summary.add(whatIsKept());
        listener.on(new ProgressEvent.Complete(summary));
    }

    /// The end of a cutover that another run has told of already.
    ///
    /// @param token of the fence that it has closed the source by; empty if by none
    void cleanUpAfter(Optional<String> token) {
        if (token.isPresent() && isFenced(token.get())) {
            closeDoor();
        }
        requireNothingLeft(cleanUp());
        listener.on(new ProgressEvent.Complete(List.of(OPEN, whatIsKept())));
    }

    /// Whoever has let the source serve wants it so.
    private boolean isFenced(String token) {
        try {
            requireFence(token);
            return true;
        } catch (MigrationException refused) {
            Failure failure = refused.failure();
            listener.on(new ProgressEvent.Warning(
                    failure.kind() == FailureKind.SOURCE_FENCE
                            ? "the source is not closed as the cutover has left it: " + failure.why()
                                    + ". Both sides may take writes: let only one of them be written to"
                            : "whether the source is still closed is not known: " + failure.why()));
            return false;
        }
    }

    /// Removes what is not needed any more; what keeps the source closed stays.
    ///
    /// @return what is left, with the statements that remove it
    private List<String> cleanUp() {
        if (config.keepSubscription()) {
            return List.of();
        }
        List<String> left = new ArrayList<>(undone().left());
        if (left.isEmpty()) {
            left.addAll(Undoing.removeState(state));
        }
        return left;
    }

    /// A source that restarts just now is waited for: a slot that nobody reads fills its disk.
    private Undoing.Outcome undone() {
        long deadline = System.nanoTime() + SOURCE_PATIENCE.toNanos();
        Undoing.Outcome outcome = Undoing.run(state, source, entry -> !SourceClosing.stays(entry));
        boolean told = false;
        while (!outcome.isComplete() && outcome.lost().isPresent() && System.nanoTime() < deadline) {
            if (!told) {
                told = true;
                listener.on(new ProgressEvent.Warning("the target is open; the source was lost before slot and"
                        + " publication were removed from it: that is tried again for "
                        + SOURCE_PATIENCE.toSeconds() + " s ("
                        + outcome.lost().get().failure().why() + ")"));
            }
            try {
                Thread.sleep(SOURCE_PAUSE);
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                return outcome;
            }
            outcome = Undoing.run(state, source, entry -> !SourceClosing.stays(entry));
        }
        return outcome;
    }

    private static void requireNothingLeft(List<String> left) {
        if (!left.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.LEFT_BEHIND,
                            "The cutover is complete, but not everything could be removed.",
                            String.join("\n", left))
                    .withState("the target is complete and open; the source still holds what is listed")
                    .withRemedy(
                            "Run the same command with --resume when both servers answer, or the listed statements by"
                                    + " hand: a slot that is left behind fills the source's disk."));
        }
    }

    private String whatIsKept() {
        return config.keepSubscription()
                ? "kept, as asked for: slot, publication and progress; drop the slot later, or it fills the source's "
                        + "disk: " + keptSql()
                : "slot, publication and progress were removed";
    }

    private String keptSql() {
        return String.join(
                " ",
                state.journal().stream()
                        .filter(entry -> !SourceClosing.stays(entry))
                        .map(entry -> entry.sql() + ";")
                        .toList());
    }

    /// How both databases are from the opening of the target on.
    static String isOpen(Mode mode) {
        return "the target is complete and open; " + sourceIs(mode);
    }

    /// How the source was left, for the end of a cutover.
    static String sourceIs(Mode mode) {
        return switch (mode) {
            case TABLES ->
                "the source is closed: its tables refuse writes (SQLSTATE 25006); pg-migrator abort --unlock-source "
                        + "would let it serve again, without what was written to the target since";
            case READ_ONLY ->
                "the source's database is read-only by default, which any session can switch off; pg-migrator abort "
                        + "--unlock-source takes it back";
            case NONE -> "the source takes writes as before: keep its application away from it";
        };
    }
}
