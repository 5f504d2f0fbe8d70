package org.pgmigrator.core.phase.stream;

import java.sql.Connection;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.SlotRetention.AtLimit;
import org.pgmigrator.core.lag.PinningTransaction;
import org.pgmigrator.core.lag.SlotAlarm;
import org.pgmigrator.core.lag.SlotGuard;
import org.pgmigrator.core.lag.SlotLimit;
import org.pgmigrator.core.lag.SlotWords;
import org.pgmigrator.core.lag.SourceSample;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;

/// Cares for the slot from its creation to the cutover: warns before a limit is reached, and ends the migration where
/// the slot is lost or the operator's limit reached.
///
/// One for the whole migration, since it remembers what was told. Confined to one thread at a time: [SlotWatch]'s while
/// the copy runs, then the migration's.
public final class SlotCare {

    /// From a quarter on what is pinned is a reason worth naming.
    private static final int PINNED_PART = 4;

    /// What the migration is doing.
    public enum Stage {
        COPY,
        STREAM,
        /// The source is locked or about to be: it writes little, and the operator's limit no longer counts.
        CUTOVER
    }

    private final MigrationConfig config;
    private final String slot;
    private final ProgressListener listener;
    private final SlotGuard guard;

    /// @param listener hears the warnings, and when their reason is gone
    public SlotCare(MigrationConfig config, ProgressListener listener) {
        this.config = config;
        this.slot = config.replication().slotName();
        this.listener = listener;
        this.guard = new SlotGuard(config.replication().retention().maxBytes());
    }

    /// Judges one sample.
    ///
    /// @param source an ordinary session there, to see who is in the way
    /// @throws MigrationException SLOT_MISSING, SLOT_INVALIDATED or SLOT_RETAINS_TOO_MUCH
    public void look(Connection source, SourceSample sample, Stage stage) {
        SlotLoss.requireUsable(sample, slot, stage, "");
        for (SlotAlarm alarm : guard.look(System.nanoTime(), sample)) {
            tell(source, sample, stage, alarm);
        }
        if (stage != Stage.CUTOVER && guard.isTooMuch(sample)) {
            throw SlotLoss.tooMuch(
                    slot,
                    config.replication().retention(),
                    sample,
                    guard.bytesPerSecond(),
                    cause(source, sample, stage));
        }
    }

    private void tell(Connection source, SourceSample sample, Stage stage, SlotAlarm alarm) {
        if (alarm.over()) {
            listener.on(new ProgressEvent.Notice(SlotWords.passed(slot, alarm)));
            return;
        }
        boolean drops = config.replication().retention().atLimit() == AtLimit.DROP || stage == Stage.COPY;
        String cause = alarm.limit() == SlotLimit.PINNED
                ? SlotWords.pinnedBy(PinningTransaction.oldest(source))
                : cause(source, sample, stage);
        listener.on(new ProgressEvent.Warning(SlotWords.near(slot, alarm, sample.keepSize(), drops, cause)));
    }

    /// Why the slot keeps what it keeps.
    private String cause(Connection source, SourceSample sample, Stage stage) {
        String confirmed = "It was confirmed up to " + sample.confirmedFlush() + ", "
                + SlotWords.size(sample.flushLsn().bytesSince(sample.confirmedFlush())) + " behind the source";
        if (sample.pinnedBytes() > sample.retainedBytes().orElse(0) / PINNED_PART) {
            return confirmed + ", and " + SlotWords.size(sample.pinnedBytes()) + " are kept although they were: "
                    + SlotWords.pinnedBy(PinningTransaction.oldest(source));
        }
        return stage == Stage.COPY && config.spool().isEmpty()
                ? "Nothing is confirmed while the copy runs without --spool-dir."
                : confirmed + ".";
    }
}
