package org.pgmigrator.core.phase.stream;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.FailureKind.Retry;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.spool.Spool;
import org.pgmigrator.core.spool.SpoolSink;
import org.pgmigrator.core.stream.AckPosition;
import org.pgmigrator.core.stream.StreamConfig;
import org.pgmigrator.core.stream.WalReceiver;
import org.pgmigrator.decoder.Lsn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A spool at work: the receiver that fills it, and the keeper that lets its positions be confirmed.
///
/// While the copy runs a failure does not end the migration: a lost connection is made anew, and of a disk that is full
/// it
/// is said that the source keeps its WAL from there on. Once the stream is applied it is a failure of the stream.
final class SpoolReception implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SpoolReception.class);

    private static final Duration RETRY_INTERVAL = Duration.ofSeconds(5);

    /// What it needs of its surroundings.
    ///
    /// @param stream how it is streamed at first; where it begins is the spool's to say
    /// @param newsInterval between two events about the spool
    record Scene(
            Database source,
            Database target,
            String subscription,
            ApplyConfig apply,
            StreamConfig stream,
            ProgressListener listener,
            Duration newsInterval) {}

    private final Scene scene;
    private final Spool spool;
    private final AckPosition applied;
    private final AckPosition confirmed;
    private final SpoolKeeper keeper;
    private volatile WalReceiver receiver;
    private volatile boolean copying;

    /// Whether the source is asked for transactions while they are in progress.
    private volatile boolean inProgress;

    private volatile boolean closed;

    /// Why the source could not be connected to again, once that was tried.
    private volatile @Nullable MigrationException notAgain;

    /// How many changes the applier has taken, whatever it counts from.
    private volatile LongSupplier taken = () -> 0;

    private final Standstill standstill = new Standstill();

    // Confined to the keeper's thread.
    private @Nullable MigrationException told;
    private long retryAt;
    private long newsAt;
    private boolean toldOfLimit;

    private SpoolReception(
            Scene scene, Spool spool, UUID owner, AckPosition applied, AckPosition confirmed, WalReceiver receiver) {
        this.scene = scene;
        this.spool = spool;
        this.applied = applied;
        this.confirmed = confirmed;
        this.receiver = receiver;
        this.copying = true;
        this.inProgress = scene.stream().inProgress();
        this.keeper =
                new SpoolKeeper(spool, scene.target(), scene.subscription(), owner, applied, confirmed, this::watch);
    }

    /// Begins to receive behind what the spool has. The spool is the reception's from now on, also if this fails.
    ///
    /// @param owner   in whose name the target's record was announced
    /// @param reached everything before it is on the target
    static SpoolReception start(Scene scene, Spool spool, UUID owner, Lsn reached) throws InterruptedException {
        boolean started = false;
        try {
            AckPosition confirmed = new AckPosition(reached);
            WalReceiver receiver =
                    receiver(scene, spool, confirmed, scene.stream().inProgress());
            SpoolReception reception =
                    new SpoolReception(scene, spool, owner, new AckPosition(reached), confirmed, receiver);
            reception.keeper.start();
            started = true;
            return reception;
        } finally {
            if (!started) {
                spool.close();
            }
        }
    }

    private static WalReceiver receiver(Scene scene, Spool spool, AckPosition confirmed, boolean inProgress)
            throws InterruptedException {
        StreamConfig stream = scene.stream();
        return StreamSession.startReceiver(
                scene.source(),
                scene.apply(),
                new StreamConfig(stream.slot(), stream.publications(), stream.binary(), spool.written(), inProgress),
                new SpoolSink(spool),
                confirmed);
    }

    Spool spool() {
        return spool;
    }

    /// What the applier acknowledges goes here.
    AckPosition applied() {
        return applied;
    }

    Lsn receivedLsn() {
        return receiver.receivedLsn();
    }

    /// The source has ended a session of ours: it may wait for its walsenders to be done with.
    void sourceGone(MigrationException why) {
        receiver.cutOff(why);
    }

    /// The copy is over: from now on a failure is the stream's.
    void applyBegins() {
        standstill.begins();
        copying = false;
    }

    /// Who takes changes from the spool.
    ///
    /// @param changesTaken grows with each of them, committed or not; any thread may ask
    void appliedBy(LongSupplier changesTaken) {
        taken = changesTaken;
    }

    boolean isClosed() {
        return closed;
    }

    Optional<MigrationException> failure() {
        return receiver.failure()
                .flatMap(broken -> isOfStreaming(broken) ? Optional.ofNullable(notAgain) : Optional.of(broken))
                .or(spool::failure)
                .filter(broken -> !isAppliedFirst(broken))
                .or(keeper::failure);
    }

    /// Before anything is done about a full disk, what is there already is applied: the applier needs no room there,
    /// and
    /// begun anew with each attempt it might never come to the end of a large transaction.
    private boolean isAppliedFirst(MigrationException broken) {
        return !copying
                && broken.failure().kind() == FailureKind.SPOOL_FULL
                && spool.written().isAfter(applied.get())
                && !standstill.isReached(applied.get(), taken.getAsLong());
    }

    /// Whether it may be that this can come after the commit only.
    private boolean isOfStreaming(MigrationException broken) {
        return inProgress && (isOfNoRoom(broken) || isOfSource(broken));
    }

    /// The spool has no room for what is in progress, and is sound without it.
    private boolean isOfNoRoom(MigrationException broken) {
        return broken.failure().kind() == FailureKind.SPOOL_FULL
                && spool.failure().isEmpty();
    }

    /// An internal error of the server, which looks at the catalogue of a transaction in progress. A `TRUNCATE` that is
    /// rolled back to a savepoint brings one about in 15 to 18 ("could not map filenode to relation OID"), each time
    /// again.
    private static boolean isOfSource(MigrationException broken) {
        return broken.getCause() instanceof SQLException refusal
                && SqlState.INTERNAL_ERROR.equals(refusal.getSQLState());
    }

    /// Called by the keeper.
    private void watch() {
        long now = System.nanoTime();
        if (now >= newsAt) {
            newsAt = now + scene.newsInterval().toNanos();
            scene.listener()
                    .on(new ProgressEvent.SpoolNews(
                            receiver.receivedLsn(),
                            spool.durable(),
                            spool.bytes(),
                            spool.limits().totalBytes(),
                            spool.isFull()));
        }
        standstill.look(applied.get(), taken.getAsLong());
        tellOfLimit();
        Optional<MigrationException> broken = receiver.failure();
        if (!closed && broken.filter(this::isOfStreaming).isPresent()) {
            tellOfNoStreaming(broken.get());
            if (now >= retryAt) {
                retryAt = now + RETRY_INTERVAL.toNanos();
                // Not before: until then the failure was not the stream's.
                inProgress = !reconnect(false);
            }
        } else if (copying && !closed && broken.isPresent()) {
            tell(broken.get());
            boolean mayHelp = broken.get().failure().kind().retry() == Retry.TRANSIENT
                    && spool.failure().isEmpty();
            if (mayHelp && now >= retryAt) {
                retryAt = now + RETRY_INTERVAL.toNanos();
                reconnect(inProgress);
            }
        } else if (!closed && broken.filter(this::isAppliedFirst).isPresent()) {
            tellOfApplying(broken.get());
        }
    }

    private void tellOfApplying(MigrationException broken) {
        if (!broken.equals(told)) {
            told = broken;
            scene.listener()
                    .on(new ProgressEvent.Warning("the spool in "
                            + spool.directory().path()
                            + " has no room, so that nothing more is received until the target has"
                            + " what is there; the source keeps its WAL from " + spool.durable() + " on: "
                            + broken.failure().why()));
        }
    }

    private void tellOfLimit() {
        boolean beyond = spool.isBeyondLimit();
        if (beyond && !toldOfLimit) {
            scene.listener()
                    .on(new ProgressEvent.Warning("the spool in "
                            + spool.directory().path()
                            + " is larger than --spool-limit, because a transaction cannot be"
                            + " divided: it is let in while its disk has room"));
        }
        toldOfLimit = beyond;
    }

    private void tellOfNoStreaming(MigrationException broken) {
        if (!broken.equals(told)) {
            told = broken;
            scene.listener()
                    .on(new ProgressEvent.Warning((isOfNoRoom(broken)
                                    ? "the spool in " + spool.directory().path()
                                            + " has no room for transactions in progress"
                                    : "the source could not send a transaction in progress")
                            + ", so that from now on large ones come after their commit, and the source keeps them until"
                            + " then: " + broken.failure().why()));
        }
    }

    private void tell(MigrationException broken) {
        if (!broken.equals(told)) {
            told = broken;
            scene.listener()
                    .on(new ProgressEvent.Warning(
                            "nothing is received to the spool at the moment, and the source keeps its"
                                    + " WAL from " + spool.durable() + " on; the copy goes on: "
                                    + broken.failure().what() + " "
                                    + broken.failure().why()));
        }
    }

    /// What the receiver has left of a transaction comes again.
    ///
    /// @return whether changes are received again; also false while the old receiver may still write to the spool
    private boolean reconnect(boolean whileInProgress) {
        if (receiver.isAtWork()) {
            return false;
        }
        try {
            spool.discardIncomplete();
            WalReceiver again = receiver(scene, spool, confirmed, whileInProgress);
            receiver = again;
            notAgain = null;
            scene.listener().on(new ProgressEvent.Notice("changes are received to the spool again"));
            if (closed) {
                again.close();
            }
            return true;
        } catch (MigrationException stillBroken) {
            log.info("not connected again: {}", stillBroken.failure().what());
            notAgain = stillBroken;
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    /// Ends all of it in order: the last feedback tells the source what the applier had, and the spool is made durable.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        confirmed.acknowledge(applied.get());
        keeper.close();
        receiver.close();
        spool.close();
    }
}
