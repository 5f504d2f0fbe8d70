package org.pgmigrator.core.phase.copy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.apply.SlotIdentity;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.control.RequestDesk;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.stream.StreamSession;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SessionEnd;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.snapshot.ExportedSnapshot;
import org.pgmigrator.core.state.CopyRecord;
import org.pgmigrator.core.state.HolderRecord;
import org.pgmigrator.core.state.MigrationRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Holds the snapshot of a migration's copy beside the process that copies, so that another one can go on when that
/// one is killed. Waits for a migration to begin, and ends when the snapshot is not needed any more.
///
/// As long as it holds, the source keeps every row version that the snapshot sees, and no table of the copy can be
/// rewritten: therefore never for longer than its limit. Used once, by one thread.
public final class SnapshotHolder {

    /// A day: what dead rows a busy source keeps for that long is known to its operators.
    public static final Duration DEFAULT_LIMIT = Duration.ofHours(24);

    private static final Logger log = LoggerFactory.getLogger(SnapshotHolder.class);

    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration NEWS = Duration.ofMinutes(10);
    private static final int ALIVE_SECONDS = 5;

    private final Database source;
    private final Database target;
    private final String subscription;
    private final Duration limit;
    private final ProgressListener listener;

    private @Nullable Connection targetSession;
    private @Nullable Connection observer;
    private boolean targetLost;
    private boolean sourceLost;
    private Optional<SlotIdentity> useless = Optional.empty();
    private String told = "";

    /// @param limit how long one snapshot is held
    public SnapshotHolder(
            Database source, Database target, String subscription, Duration limit, ProgressListener listener) {
        // Named after the migration on both sides: whoever finds the session knows whose it is.
        this.source = source.of(subscription);
        this.target = target.of(subscription);
        this.subscription = subscription;
        this.limit = limit;
        this.listener = listener;
    }

    /// What the target says: the migration's copy, or why there is nothing to hold.
    private sealed interface Seen {
        /// @param filter which tables are copied
        record Copying(CopyRecord copy, FilterConfig filter) implements Seen {}

        /// Nothing yet, or nothing any more.
        record NoMigration(String why) implements Seen {}

        /// Nothing at the moment: the copy has not begun, or begins again.
        record NotYet(String why) implements Seen {}

        /// Nothing any more.
        record Over(String why) implements Seen {}

        /// The target did not answer.
        record Unknown() implements Seen {}
    }

    /// Holds until there is nothing to hold any more. Publishes [ProgressEvent.Complete] last.
    ///
    /// @throws InterruptedException after the snapshot is let go
    public void run() throws InterruptedException {
        try {
            String why = hold();
            listener.on(new ProgressEvent.Complete(List.of(why)));
        } finally {
            SessionEnd.close(targetSession);
            SessionEnd.close(observer);
        }
    }

    private String hold() throws InterruptedException {
        boolean begun = false;
        while (true) {
            switch (look()) {
                case Seen.Copying copying -> {
                    begun = true;
                    Optional<String> over = hold(copying);
                    if (over.isPresent()) {
                        return over.get();
                    }
                }
                case Seen.NoMigration none -> {
                    if (begun) {
                        return "the migration is over: " + none.why();
                    }
                    tell("waiting for the copy of migration \"" + subscription + "\": " + none.why());
                }
                case Seen.NotYet waiting ->
                    tell("waiting for the copy of migration \"" + subscription + "\": " + waiting.why());
                case Seen.Over over -> {
                    return over.why();
                }
                case Seen.Unknown unknown -> log.debug("the target does not answer");
            }
            Thread.sleep(LOOK);
        }
    }

    /// Each news once.
    private void tell(String news) {
        if (!news.equals(told)) {
            told = news;
            listener.on(new ProgressEvent.Notice(news));
        }
    }

    /// @return why it is over; empty if there may be another copy to hold for
    private Optional<String> hold(Seen.Copying copying) throws InterruptedException {
        CopyRecord copy = copying.copy();
        try (ExportedSnapshot snapshot = adopt(copying)) {
            if (snapshot == null) {
                return Optional.empty();
            }
            note(new HolderRecord(
                    copy.slot().consistentPoint(),
                    snapshot.id(),
                    snapshot.backend(),
                    RequestDesk.host(),
                    ProcessHandle.current().pid(),
                    copy.began()));
            listener.on(new ProgressEvent.Notice("holding the snapshot of slot \""
                    + copy.slot().slot() + "\" (consistent point " + copy.slot().consistentPoint() + ", pid "
                    + snapshot.backend().pid()
                    + " on the source): if the copy is cut off, --resume goes on with it. Until"
                    + " this process ends the source keeps dead rows, and no table of the copy can be rewritten"));
            try {
                return Optional.ofNullable(whileNeeded(copy, snapshot));
            } finally {
                forget(snapshot);
            }
        }
    }

    private @Nullable ExportedSnapshot adopt(Seen.Copying copying) {
        CopyRecord copy = copying.copy();
        FilterConfig filter = copying.filter();
        Predicate<CatalogTable> carried = table -> table.isCarriedBy(filter);
        try {
            return ExportedSnapshot.adopt(
                    source, HolderRecord.PURPOSE, copy.snapshot(), copy.visible(), carried, observer());
        } catch (MigrationException refused) {
            FailureKind kind = refused.failure().kind();
            if (kind != FailureKind.SNAPSHOT_GONE
                    && kind != FailureKind.CATALOG_CHANGED
                    && kind != source.side().unreachable()) {
                throw refused;
            }
            tell("waiting for a copy whose snapshot can be held: "
                    + refused.failure().what());
            return null;
        }
    }

    /// @return why it is not needed any more; null if this snapshot is not, but another one may be
    private @Nullable String whileNeeded(CopyRecord copy, ExportedSnapshot snapshot) throws InterruptedException {
        long began = System.nanoTime();
        long news = began;
        while (true) {
            Thread.sleep(LOOK);
            switch (look()) {
                case Seen.Copying now -> {
                    if (!now.copy().slot().equals(copy.slot())) {
                        letGo("the copy has started again with a new slot");
                        return null;
                    }
                }
                case Seen.NoMigration gone -> {
                    return "the migration is over: " + gone.why();
                }
                case Seen.NotYet again -> {
                    letGo("the copy it belongs to was given up");
                    return null;
                }
                case Seen.Over over -> {
                    return over.why();
                }
                case Seen.Unknown unknown -> log.debug("the target does not answer");
            }
            try {
                snapshot.requireAlive();
            } catch (MigrationException lost) {
                listener.on(new ProgressEvent.Warning("the snapshot is not held any more: "
                        + lost.failure().what() + " " + lost.failure().why()));
                return null;
            }
            if (!isSlotUsable(copy.slot())) {
                useless = Optional.of(copy.slot());
                letGo("slot \"" + copy.slot().slot() + "\" is gone");
                return null;
            }
            Duration age = Duration.ofNanos(System.nanoTime() - began);
            if (age.compareTo(limit) >= 0) {
                listener.on(new ProgressEvent.Warning(
                        "the snapshot is let go: it was held for " + age.toMinutes() + " min, which is the limit"));
                return "the limit was reached; a copy that is cut off now starts again";
            }
            if (System.nanoTime() - news >= NEWS.toNanos()) {
                news = System.nanoTime();
                listener.on(new ProgressEvent.Notice("the snapshot of slot \""
                        + copy.slot().slot() + "\" has been held for " + age.toMinutes() + " min"));
            }
        }
    }

    private void letGo(String why) {
        tell("the snapshot is let go: " + why);
    }

    /// What cannot be asked is no reason to let go: the snapshot has its own session.
    private boolean isSlotUsable(SlotIdentity slot) {
        try {
            boolean usable = StreamSession.sample(observer(), slot.slot()).slotUsable();
            if (sourceLost) {
                sourceLost = false;
                listener.on(new ProgressEvent.Notice("the source can be asked about the slot again"));
            }
            return usable;
        } catch (MigrationException lost) {
            if (!sourceLost) {
                sourceLost = true;
                listener.on(new ProgressEvent.Warning(
                        "the source cannot be asked about the slot, the snapshot is held on: " + lost.getMessage()));
            }
            return true;
        }
    }

    private Seen look() {
        try {
            Connection session = targetSession;
            if (session == null || !session.isValid(ALIVE_SECONDS)) {
                SessionEnd.close(session);
                session = target.connect(Session.named(HolderRecord.PURPOSE));
                targetSession = session;
            }
            Seen seen = seen(session);
            if (targetLost) {
                targetLost = false;
                listener.on(new ProgressEvent.Notice("the target answers again"));
            }
            return seen;
        } catch (SQLException | MigrationException lost) {
            if (lost instanceof MigrationException refused
                    && refused.failure().kind() != target.side().unreachable()) {
                throw refused;
            }
            if (!targetLost) {
                targetLost = true;
                listener.on(new ProgressEvent.Warning(
                        "the target does not answer, what is held is held on: " + lost.getMessage()));
            }
            return new Seen.Unknown();
        }
    }

    private Seen seen(Connection session) throws SQLException {
        Optional<MigrationRecord> migration = MigrationRecord.read(session, subscription);
        if (migration.isEmpty()) {
            return new Seen.NoMigration("the target has none");
        }
        if (migration.get().aborting()) {
            return new Seen.Over("the migration is being aborted");
        }
        if (migration.get().phase().compareTo(Phase.STREAM_APPLY) >= 0) {
            return new Seen.Over("the copy is complete");
        }
        Optional<CopyRecord> copy = CopyRecord.read(session, subscription);
        if (copy.isEmpty()) {
            // Between two attempts, or with --copy dump.
            return new Seen.NotYet("it has no snapshot at the moment");
        }
        if (useless.equals(Optional.of(copy.get().slot()))) {
            return new Seen.NotYet("the slot of its copy is gone");
        }
        return copy.get().step().needsSnapshot()
                ? new Seen.Copying(copy.get(), migration.get().origin().filter())
                : new Seen.Over("every row is copied, and the snapshot is not needed any more");
    }

    private void note(HolderRecord record) {
        try {
            Connection session = targetSession;
            if (session != null) {
                record.write(session, subscription);
            }
        } catch (SQLException lost) {
            throw SqlState.toException(target.side(), "The snapshot's holder could not be noted on the target.", lost);
        }
    }

    /// Only what is its own: another holder may have come.
    private void forget(ExportedSnapshot snapshot) {
        try {
            Connection session = targetSession;
            if (session != null
                    && session.isValid(ALIVE_SECONDS)
                    && HolderRecord.read(session, subscription)
                            .filter(record -> record.backend().equals(snapshot.backend()))
                            .isPresent()) {
                HolderRecord.remove(session, subscription);
            }
        } catch (SQLException lost) {
            log.debug("the holder's record stays: whoever reads it looks for the session", lost);
        }
    }

    private Connection observer() {
        try {
            Connection session = observer;
            if (session == null || !session.isValid(ALIVE_SECONDS)) {
                SessionEnd.close(session);
                session = source.connect(Session.named("observe"));
                observer = session;
            }
            return session;
        } catch (SQLException lost) {
            throw SqlState.toException(source.side(), "The source no longer answers.", lost);
        }
    }
}
