package org.pgmigrator.core.phase.stream;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.SqlState;

/// A time in which a server could not be reached, or the target had no room, while rows were copied or changes
/// streamed:
/// what is survived, and for how long.
///
/// Positive list: a lost session, a server that is starting or stopping, what our own lost sessions still hold until
/// their servers notice, and a full disk of the target: what was refused was rolled back, and when the operator has
/// made
/// room nobody need start anything again. Everything else is a failure that comes again however often it is tried.
public final class Outage {

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);

    /// A stream that has lasted for so long is no part of an outage any more, even if there was nothing to apply.
    private static final Duration OVER = Duration.ofSeconds(30);

    /// No attempt lasts for so long before it fails: what came between was no outage.
    private static final Duration QUIET = Duration.ofMinutes(5);

    private final Duration limit;
    private final LongSupplier nanoTime;

    private int attempts;
    private long began;

    /// From when on the last failure counts.
    private long since;

    private long failedAt;
    private boolean streaming;
    private boolean told;
    private boolean full;
    private long streamingSince;

    /// @param limit for how long a server may be away; zero: nothing is survived
    public Outage(Duration limit) {
        this(limit, System::nanoTime);
    }

    public Outage(Duration limit, LongSupplier nanoTime) {
        this.limit = limit;
        this.nanoTime = nanoTime;
    }

    public long now() {
        return nanoTime.getAsLong();
    }

    /// Whether a loss was survived, and nothing says yet that it is over.
    public boolean isOn() {
        return attempts > 0;
    }

    private Duration lasted() {
        return Duration.ofNanos(now() - since);
    }

    /// Both servers answer, and the changes go on.
    ///
    /// @param progressed whether the target has come further since: the outage is over then, and the next one is
    /// another
    /// @return what there is to say of it
    public Optional<String> streaming(boolean progressed) {
        if (!isOn()) {
            return Optional.empty();
        }
        if (!streaming) {
            streaming = true;
            told = false;
            streamingSince = now();
        }
        // A target without room takes a connection all the same, and a transaction for as long as there is some left.
        boolean over = progressed || (!full && now() - streamingSince >= OVER.toNanos());
        Optional<String> news = Optional.empty();
        if (!told && (over || !full)) {
            told = true;
            news = Optional.of((full ? "there is room again after " : "connected again after ")
                    + lasted().toSeconds() + " s, at attempt " + attempts
                    + ": the stream goes on where the target is");
        }
        if (over) {
            attempts = 0;
        }
        return news;
    }

    /// How long to wait before the next attempt: longer each time, and never quite as long as another process's.
    ///
    /// @return empty if this failure is not survived, or has been for too long
    public Optional<Duration> pauseAfter(MigrationException failed) {
        return pauseAfter(failed, began);
    }

    /// Of several that are tried at the same time, one may fail for the first time when others have for long, and one
    /// may go on failing while others succeed: each has the whole limit, and no more.
    ///
    /// @param first when what has failed did so first, by [#now]
    public Optional<Duration> pauseAfter(MigrationException failed, long first) {
        boolean stillFull = full && failed.failure().kind() == FailureKind.TARGET_DISK_FULL;
        if (isOn() && !stillFull && now() - failedAt >= QUIET.toNanos()) {
            attempts = 0;
        }
        failedAt = now();
        if (streaming && !stillFull && now() - streamingSince >= OVER.toNanos()) {
            // A cutover has lasted since.
            attempts = 0;
        }
        streaming = false;
        if (limit.isZero() || !isSurvivable(failed)) {
            return Optional.empty();
        }
        if (!isOn()) {
            began = now();
            since = began;
        } else {
            since = first - began > 0 ? first : began;
            if (lasted().compareTo(limit) >= 0) {
                return Optional.empty();
            }
        }
        full = failed.failure().kind() == FailureKind.TARGET_DISK_FULL;
        Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(attempts, 4));
        attempts++;
        pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
        return Optional.of(
                pause.multipliedBy(ThreadLocalRandom.current().nextInt(75, 101)).dividedBy(100));
    }

    /// For the screen.
    ///
    /// @param meanwhile how things are until then, and what Ctrl+C does
    public String describe(MigrationException failed, Duration pause, String meanwhile) {
        return trouble(failed) + ". Attempt " + attempts + " to go on is made in "
                + Math.max(1, pause.toSeconds()) + " s; the migration stops when that has failed for "
                + limit.toSeconds()
                + " s (--max-outage). " + meanwhile;
    }

    /// For the screen, while rows are copied.
    public String describeCopy(MigrationException failed, Duration pause) {
        return trouble(failed) + ". Attempt " + attempts
                + " to go on with the copy is made"
                + " in " + Math.max(1, pause.toSeconds()) + " s; it ends when that has failed for " + limit.toSeconds()
                + " s (--max-outage). What is complete is kept if the"
                + " snapshot is there still; otherwise the copy starts again";
    }

    private static String trouble(MigrationException failed) {
        return switch (failed.failure().kind()) {
            case TARGET_DISK_FULL -> "the target's disk is full, make room there: " + words(failed.failure());
            case SPOOL_FULL -> words(failed.failure());
            default -> "connection lost: " + words(failed.failure());
        };
    }

    /// The failure that ends the migration, with what was tried if that was the end of an outage.
    public MigrationException last(MigrationException last) {
        Failure failure = last.failure();
        if (!isOn() || !isSurvivable(last)) {
            return last;
        }
        return new MigrationException(
                new Failure(
                        failure.kind(),
                        failure.what(),
                        failure.why() + (failure.why().isEmpty() ? "" : "; ") + "the outage has lasted for "
                                + lasted().toSeconds() + " s, with " + attempts + " attempts to go on (--max-outage "
                                + limit.toSeconds() + " s)",
                        failure.state(),
                        failure.kind() == FailureKind.SPOOL_FULL
                                ? failure.remedy()
                                : List.of(
                                        (failure.kind() == FailureKind.TARGET_DISK_FULL
                                                        ? "Make room on the target's disk, then run"
                                                        : "When both servers can be reached again, run")
                                                + " the same command with --resume: it goes on where the target is.",
                                        "To wait for longer by itself: --max-outage.")),
                last);
    }

    private static String words(Failure failure) {
        String what = failure.what().endsWith(".")
                ? failure.what().substring(0, failure.what().length() - 1)
                : failure.what();
        return failure.why().isEmpty() ? what : what + " (" + failure.why() + ")";
    }

    /// Nothing was lost for a while: the loss after this one, if there is one, is another outage. A disk that is full
    /// is so until something was completed.
    public void isQuiet() {
        if (!full) {
            attempts = 0;
        }
    }

    /// Something was completed.
    public void isOver() {
        attempts = 0;
        full = false;
    }

    private boolean isSurvivable(MigrationException failed) {
        Failure failure = failed.failure();
        return switch (failure.kind()) {
            // The snapshot of a copy ends with a session.
            case SOURCE_UNREACHABLE, TARGET_UNREACHABLE, TARGET_DISK_FULL, SNAPSHOT_GONE -> true;
            // Somebody can make room; and as soon as the target has what was confirmed, none is needed.
            case SPOOL_FULL -> true;
            case STREAM_BROKEN -> isLoss(failed.getCause());
            // Of a cutover: whether the source is closed could not be looked up.
            case SOURCE_FENCE -> failed.getCause() instanceof MigrationException cause && isSurvivable(cause);
            // Ours of before: a server holds them for a session whose end it has not noticed.
            case SLOT_IN_USE, TARGET_IN_USE -> isOn();
            // A server that has just come back is stormed by its clients.
            default -> isOn() && isTooManyConnections(failed.getCause());
        };
    }

    private static boolean isTooManyConnections(@Nullable Throwable cause) {
        return cause instanceof SQLException refused && SqlState.TOO_MANY_CONNECTIONS.equals(refused.getSQLState());
    }

    /// The stream's own words come without a kind. Without a SQLSTATE it was not the server that spoke.
    private static boolean isLoss(@Nullable Throwable cause) {
        return cause instanceof SQLException broken
                && (broken.getSQLState() == null || SqlState.isConnectionLoss(broken));
    }
}
