package org.pgmigrator.core.phase.stream;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.apply.Progress;
import org.pgmigrator.core.apply.SlotIdentity;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.SpoolConfig;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.spool.Spool;
import org.pgmigrator.core.spool.SpoolDirectory;
import org.pgmigrator.core.spool.SpoolIdentity;
import org.pgmigrator.core.spool.SpoolLimits;
import org.pgmigrator.core.state.SpoolRecord;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.core.stream.StreamConfig;
import org.pgmigrator.decoder.Lsn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Whether this migration has a spool, which one, and what may be gone on with: the rule of what was confirmed.
///
/// What was confirmed to the source is on the target, or was reached there while the stream was idle; or this
/// migration's
/// own spool has it. Otherwise it is lost, and nothing is streamed. Used by the migration's thread.
public final class Spooling implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Spooling.class);

    private final MigrationConfig config;
    private final Database source;
    private final Database target;
    private final StateStore state;
    private final ProgressListener listener;
    private final String subscription;
    private volatile @Nullable SpoolReception reception;
    private @Nullable SpoolRecord known;

    /// The disk has refused to be written because it was full, once in this process.
    private boolean tooSmall;

    private boolean passedBy;

    /// Touches nothing yet: neither the disk nor the servers.
    public Spooling(
            MigrationConfig config, Database source, Database target, StateStore state, ProgressListener listener) {
        this.config = config;
        this.source = source;
        this.target = target;
        this.state = state;
        this.listener = listener;
        this.subscription = config.replication().subscriptionName();
    }

    /// Whether the operator wants a spool.
    public boolean isOn() {
        return config.spool().isPresent();
    }

    /// Where what is not on the target may be; empty if there is no spool, or none any more.
    public Optional<Path> where() {
        return passedBy ? Optional.empty() : config.spool().map(SpoolConfig::directory);
    }

    /// A transaction that is larger than the disk would never come. What was confirmed is on the target, so that the
    /// spool is not needed: the source keeps what is not there, as without one.
    private void passBy() {
        if (tooSmall && !passedBy) {
            passedBy = true;
            listener.on(
                    new ProgressEvent.Warning("the spool's disk cannot hold what has come at once. The target has all"
                            + " that was confirmed, so that changes go straight to the target from now on, past the spool, and"
                            + " the source keeps its WAL until they are there"));
        }
    }

    /// Before anything is created: a spool begins in an empty directory, which can be written.
    public void requireUsable() {
        config.spool().ifPresent(spool -> {
            try (SpoolDirectory directory = SpoolDirectory.lock(spool.directory())) {
                directory.requireEmpty();
            } catch (IOException refusal) {
                log.warn("closing the spool's directory path={}", spool.directory(), refusal);
            }
        });
    }

    /// The slot exists, and its snapshot is held by another session: from here on changes are received.
    public void slotReady(SlotIdentity identity, List<String> publications) throws InterruptedException {
        if (isOn()) {
            begin(identity, publications, identity.consistentPoint(), identity.consistentPoint());
        }
    }

    /// The source has ended a session of ours; what receives from it lets go. Any thread may say so.
    public void sourceGone(MigrationException why) {
        SpoolReception live = reception;
        if (live != null) {
            live.sourceGone(why);
        }
    }

    /// Whether this migration has received to a spool.
    public boolean hasRecord() {
        return recorded().isPresent();
    }

    /// The copy goes on under the snapshot of this slot: what was received since is gone on with too.
    ///
    /// @throws MigrationException POSITION_LOST if what was confirmed is not here, SPOOL_DAMAGED
    public void copyGoesOn(SlotIdentity identity, Lsn confirmed, List<String> publications)
            throws InterruptedException {
        Progress.Row nothingApplied = new Progress.Row(
                identity, identity.consistentPoint(), identity.consistentPoint(), Optional.empty(), Optional.empty());
        Optional<SpoolRecord> record = recorded();
        if (confirmed.isAfter(identity.consistentPoint())) {
            if (record.isEmpty()) {
                throw lost(nothingApplied, confirmed, "nobody knows of a spool that has it");
            }
            reopen(record.get(), nothingApplied, confirmed, publications);
        } else {
            discard();
            if (isOn()) {
                requireUsable();
                slotReady(identity, publications);
            }
        }
    }

    /// What is at work since the copy, so that the slot is in use by ourselves: the applier reads from it from now on.
    /// What has ended is closed: what is durable is there, and what is not is asked for again.
    Optional<SpoolReception> atWork() {
        SpoolReception live = reception;
        if (live != null && (live.isClosed() || live.failure().isPresent())) {
            close();
        }
        return Optional.ofNullable(reception).map(Spooling::applied);
    }

    /// What the applier reads from, if it is a spool, where none [#atWork()]: the one that was left, or a new one.
    ///
    /// @param confirmed what the source has been told that is safe; nobody tells it more, since the slot was free
    /// before
    ///                  this was asked for
    /// @throws MigrationException POSITION_LOST if that is neither on the target nor here
    Optional<SpoolReception> at(Progress.Row progress, Lsn confirmed, List<String> publications)
            throws InterruptedException {
        Optional<SpoolRecord> record = recorded();
        if (!confirmed.isAfter(progress.confirmable())) {
            discard();
            passBy();
            return where().isPresent()
                    ? Optional.of(applied(
                            begin(progress.identity(), publications, progress.applied(), progress.confirmable())))
                    : Optional.empty();
        }
        if (record.isEmpty()) {
            throw lost(
                    progress,
                    confirmed,
                    "the source no longer sends the transactions between: another consumer has read from the slot, or the"
                            + " target was set back");
        }
        return Optional.of(applied(reopen(record.get(), progress, confirmed, publications)));
    }

    private static SpoolReception applied(SpoolReception started) {
        started.applyBegins();
        return started;
    }

    /// The source has been told of more than there is.
    static MigrationException lost(Progress.Row progress, Lsn confirmed, String why) {
        return new MigrationException(Failure.of(
                FailureKind.POSITION_LOST,
                "Slot \"" + progress.identity().slot() + "\" has been confirmed up to " + confirmed
                        + ", but the target has only what was committed before " + progress.confirmable() + ".",
                why));
    }

    private SpoolReception begin(SlotIdentity identity, List<String> publications, Lsn from, Lsn reached)
            throws InterruptedException {
        SpoolConfig wanted = config.spool().orElseThrow();
        SpoolIdentity named = named(UUID.randomUUID(), identity);
        // Announced first: nothing may be in a directory of which nobody knows.
        UUID owner = announce(named.id(), wanted, from);
        Spool spool =
                Spool.create(SpoolDirectory.lock(wanted.directory()), named, from, SpoolLimits.of(wanted.limitBytes()));
        listener.on(new ProgressEvent.Notice("changes are received to the spool in " + wanted.directory()
                + " and confirmed to the source when they are durable there: from now on this directory must survive until "
                + "the target has them, otherwise the copy must start again"));
        return started(spool, owner, publications, reached);
    }

    private static SpoolIdentity named(UUID id, SlotIdentity slot) {
        return new SpoolIdentity(
                id, slot.systemIdentifier(), slot.timeline(), slot.slot(), slot.consistentPoint(), false);
    }

    private UUID announce(UUID id, SpoolConfig wanted, Lsn confirmedUpto) {
        UUID owner = UUID.randomUUID();
        SpoolRecord record = new SpoolRecord(
                id, SpoolDirectory.host(), wanted.directory().toString(), confirmedUpto, 0, wanted.limitBytes());
        try {
            record.announce(state.session(), subscription, owner);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The spool could not be noted on the target.", refusal);
        }
        known = record;
        return owner;
    }

    /// Goes on with the spool that the record names, wherever its directory is now.
    private SpoolReception reopen(SpoolRecord record, Progress.Row progress, Lsn confirmed, List<String> publications)
            throws InterruptedException {
        String where = "what is between was received to spool " + record.id() + " in " + record.directory() + " on "
                + record.host();
        if (!isOn()) {
            throw withDirectory(lost(progress, confirmed, where + ", and no --spool-dir is given"), record);
        }
        SpoolConfig wanted = config.spool().orElseThrow();
        SpoolDirectory directory = SpoolDirectory.lock(wanted.directory());
        boolean opened = false;
        try {
            Optional<SpoolIdentity> found = directory.identity();
            if (!found.map(SpoolIdentity::id).equals(Optional.of(record.id()))) {
                throw withDirectory(
                        lost(
                                progress,
                                confirmed,
                                where + ", and " + wanted.directory() + " on " + SpoolDirectory.host()
                                        + (found.isEmpty() ? " holds no spool" : " holds another spool")),
                        record);
            }
            opened = true;
        } finally {
            if (!opened) {
                closeQuietly(directory);
            }
        }
        Spool spool = Spool.open(
                directory,
                named(record.id(), progress.identity()),
                record.confirmedUpto().max(confirmed),
                confirmed,
                SpoolLimits.of(wanted.limitBytes()));
        boolean announced = false;
        try {
            UUID owner = announce(record.id(), wanted, record.confirmedUpto().max(confirmed));
            listener.on(new ProgressEvent.Notice("going on with the spool in " + wanted.directory() + ", which has "
                    + "everything from " + spool.from() + " to " + spool.written()));
            announced = true;
            return started(spool, owner, publications, progress.confirmable());
        } finally {
            if (!announced) {
                spool.close();
            }
        }
    }

    private static MigrationException withDirectory(MigrationException lost, SpoolRecord record) {
        return new MigrationException(lost.failure()
                .withRemedy(
                        "Bring the directory " + record.directory() + " of " + record.host()
                                + " here as it is, name it with --spool-dir, and run the same command with --resume.",
                        "If it is lost, the copy must start again, because those positions were confirmed: pg-migrator"
                                + " abort, then migrate."));
    }

    private SpoolReception started(Spool spool, UUID owner, List<String> publications, Lsn reached)
            throws InterruptedException {
        SpoolReception started = SpoolReception.start(
                new SpoolReception.Scene(
                        source,
                        target,
                        subscription,
                        config.apply(),
                        new StreamConfig(
                                config.replication().slotName(), publications, false, spool.written(), !tooSmall),
                        listener,
                        config.lag().pollInterval()),
                spool,
                owner,
                reached);
        reception = started;
        return started;
    }

    /// Reads the target's record while it is there: after the cutover it is removed before the directory is.
    public void remember() {
        recorded();
    }

    private Optional<SpoolRecord> recorded() {
        try {
            Optional<SpoolRecord> found = SpoolRecord.read(state.session(), subscription);
            found.ifPresent(record -> known = record);
            return found;
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The record of the spool could not be read.", refusal);
        }
    }

    /// Removes what this migration has spooled: it is not needed any more. What cannot be removed is only told.
    public void discard() {
        close();
        SpoolRecord record = known;
        if (record == null) {
            record = recorded().orElse(null);
        }
        if (record != null) {
            Set<Path> places = new LinkedHashSet<>();
            config.spool().ifPresent(spool -> places.add(spool.directory()));
            remove(record, places).ifPresent(left -> listener.on(new ProgressEvent.Warning(left)));
            known = null;
        }
        try {
            SpoolRecord.remove(state.session(), subscription);
        } catch (SQLException | MigrationException refusal) {
            log.warn("the record of the spool was not removed: {}", refusal.getMessage());
        }
    }

    /// Removes a spool's files, if they are on this machine.
    ///
    /// @param places where to look, beside where the record says
    /// @return what is left, for the operator; empty if nothing is
    public static Optional<String> remove(SpoolRecord record, Set<Path> places) {
        Set<Path> all = new LinkedHashSet<>(places);
        boolean here = record.host().equals(SpoolDirectory.host());
        if (here) {
            all.add(Path.of(record.directory()));
        }
        boolean removed = false;
        String why = "";
        for (Path place : all) {
            if (!Files.isDirectory(place)) {
                continue;
            }
            try (SpoolDirectory directory = SpoolDirectory.lock(place)) {
                boolean its = directory
                        .identity()
                        .map(found -> found.id().equals(record.id()))
                        .orElse(false);
                removed |= its && directory.remove(record.id());
            } catch (IOException | MigrationException refusal) {
                why = ": " + refusal.getMessage();
            }
        }
        boolean mayBeElsewhere = !here && !removed;
        return why.isEmpty() && !mayBeElsewhere
                ? Optional.empty()
                : Optional.of("the spool " + record.id() + " in " + record.directory() + " on " + record.host()
                        + " is not needed any more and was not removed" + why);
    }

    private static void closeQuietly(SpoolDirectory directory) {
        try {
            directory.close();
        } catch (IOException alreadyGone) {
            log.debug("closing the spool's directory", alreadyGone);
        }
    }

    /// Ends what is at work; the directory stays.
    @Override
    public void close() {
        SpoolReception live = reception;
        reception = null;
        if (live != null) {
            tooSmall |= live.spool()
                    .failure()
                    .filter(failed -> failed.failure().kind() == FailureKind.SPOOL_FULL)
                    .isPresent();
            live.close();
        }
    }
}
