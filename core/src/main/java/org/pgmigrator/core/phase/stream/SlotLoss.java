package org.pgmigrator.core.phase.stream;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.pgmigrator.core.config.SlotRetention;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.lag.SlotWords;
import org.pgmigrator.core.lag.SourceSample;
import org.pgmigrator.core.phase.stream.SlotCare.Stage;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.state.HowToGoOn;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.core.state.Undoing;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The failures of a slot: it is gone, it can no longer be read, or it holds back more than it may. None is ever tried
/// again.
public final class SlotLoss {

    private static final Logger log = LoggerFactory.getLogger(SlotLoss.class);

    private SlotLoss() {}

    /// @param walsender what the walsender has said, if that is why the slot is looked at; may be empty
    /// @throws MigrationException SLOT_MISSING or SLOT_INVALIDATED
    static void requireUsable(SourceSample sample, String slot, Stage stage, String walsender) {
        if (sample.slotUsable()) {
            return;
        }
        boolean missing = sample.walStatus().equals("missing");
        String said = walsender.isEmpty() ? "" : "; the walsender said: " + walsender;
        Failure failure = Failure.of(
                missing ? FailureKind.SLOT_MISSING : FailureKind.SLOT_INVALIDATED,
                "Replication slot \"" + slot + "\" "
                        + (missing ? "does not exist on the source." : "can no longer be read."),
                (missing ? "it was dropped, or the source is another server now (a failover)" : why(sample)) + said);
        List<String> remedy = new ArrayList<>();
        if (!missing) {
            remedy.add(prevention(sample));
        }
        remedy.add(
                stage == Stage.COPY
                        ? "The copy must start again: run the same command again."
                        : "The copy must start again, since the source has no more of what was written in between:"
                                + " pg-migrator abort, which removes what is left on both sides, then the same migrate"
                                + " command without --resume.");
        failure = failure.withRemedy(remedy.toArray(String[]::new));
        throw new MigrationException(stage == Stage.COPY ? failure : failure.withState(state(slot, missing)));
    }

    private static String state(String slot, boolean missing) {
        return "the source is serving as before; slot \"" + slot + "\" "
                + (missing ? "is not there" : "is still there, holds back no WAL and is of no use")
                + "; the target holds the copy and what was applied to it until then: it is not complete, and nothing can"
                + " bring it up to date";
    }

    private static String why(SourceSample sample) {
        String facts = " (wal_status=" + sample.walStatus()
                + (sample.invalidation().isEmpty() ? "" : ", invalidation_reason=" + sample.invalidation())
                + ", max_slot_wal_keep_size=" + sample.keepSize() + ")";
        return switch (sample.invalidation()) {
            case "idle_timeout" ->
                "nobody has read from it for longer than idle_replication_slot_timeout of the source" + facts;
            case "rows_removed" -> "the source removed catalogue rows that the slot needs" + facts;
            case "wal_level_insufficient" -> "wal_level of the source no longer suffices" + facts;
            default -> "the source removed WAL that the slot needs" + facts;
        };
    }

    private static String prevention(SourceSample sample) {
        return switch (sample.invalidation()) {
            case "idle_timeout" ->
                "So that it does not happen again, on the source: ALTER SYSTEM SET idle_replication_slot_timeout = 0;"
                        + " SELECT pg_reload_conf();";
            case "rows_removed" -> "Use the primary as the source, or hot_standby_feedback = on.";
            case "wal_level_insufficient" -> "Set wal_level = logical where the slot is, and restart.";
            default ->
                "So that it does not happen again, let --spool-dir take the changes while the copy runs, or give the"
                        + " slot room on the source: ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT"
                        + " pg_reload_conf(); and watch the free space under pg_wal.";
        };
    }

    /// The operator's limit is reached. What becomes of the slot is not said here: it is not done yet.
    static MigrationException tooMuch(
            String slot, SlotRetention retention, SourceSample sample, OptionalDouble bytesPerSecond, String cause) {
        return new MigrationException(Failure.of(
                FailureKind.SLOT_RETAINS_TOO_MUCH,
                "Slot \"" + slot + "\" holds back "
                        + SlotWords.size(sample.retainedBytes().orElse(0))
                        + " of WAL on the source, which --max-slot-retained ("
                        + SlotWords.size(retention.maxBytes().orElse(0)) + ") does not allow.",
                "it holds back WAL from " + sample.restart() + " to " + sample.flushLsn()
                        + SlotWords.rate(bytesPerSecond) + ". " + cause));
    }

    /// Out of the stream: the slot is kept, and that must be known.
    public static MigrationException kept(
            StateStore state, String slot, String streamingState, MigrationException tooMuch) {
        List<String> remedy = new ArrayList<>();
        remedy.add("The slot goes on holding back WAL, and nobody reads from it now: make room on the source, or go on"
                + " soon with --resume and a larger --max-slot-retained.");
        remedy.addAll(HowToGoOn.withTheStream(state, slot));
        return new MigrationException(
                tooMuch.failure().withState(streamingState).withRemedy(remedy.toArray(String[]::new)), tooMuch);
    }

    /// Out of the stream: everything that was made on the source goes, the slot with it.
    public static MigrationException dropped(
            StateStore state, Database source, Spooling spooling, MigrationException tooMuch) {
        spooling.close();
        Undoing.Outcome outcome = Undoing.runInAnyCase(state, source);
        if (outcome.isComplete()) {
            try {
                spooling.discard();
            } catch (MigrationException unreachable) {
                log.warn("the spool was not removed", unreachable);
            }
        }
        List<String> remedy = new ArrayList<>();
        outcome.left().forEach(line -> remedy.add("Still there: " + line));
        remedy.add(
                "The copy must start again: pg-migrator abort, which removes what is left on the target, then the same"
                        + " migrate command without --resume, with --spool-dir or a larger --max-slot-retained.");
        String what = outcome.isComplete()
                ? "the source is serving and has nothing of ours left: the slot was dropped, so that its WAL can go"
                : "the source is serving; not everything of ours could be removed from it";
        return new MigrationException(
                tooMuch.failure()
                        .withState(what + " (" + String.join(", ", outcome.removed())
                                + "); the target holds the copy and what was applied to it until then: it is closed, and"
                                + " nothing can bring it up to date")
                        .withRemedy(remedy.toArray(String[]::new)),
                tooMuch);
    }

    /// The walsender has refused or ended the stream: it may be the slot, of which it says so in words alone.
    static void requireUsable(Database source, String slot, SQLException refusal) {
        if (!SqlState.OBJECT_NOT_IN_PREREQUISITE_STATE.equals(refusal.getSQLState())
                && !SqlState.UNDEFINED_OBJECT.equals(refusal.getSQLState())) {
            return;
        }
        try (Connection session = source.connect(Session.named("observe"))) {
            requireUsable(SourceSample.take(session, slot), slot, Stage.STREAM, SqlState.serverWords(refusal));
        } catch (SQLException lost) {
            refusal.addSuppressed(lost);
        }
    }

    /// Whether this is [#tooMuch], of which the operator has said what is to become of the slot.
    public static boolean isTooMuch(MigrationException failed) {
        return failed.failure().kind() == FailureKind.SLOT_RETAINS_TOO_MUCH;
    }
}
