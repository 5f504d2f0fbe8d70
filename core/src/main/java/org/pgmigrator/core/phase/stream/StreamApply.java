package org.pgmigrator.core.phase.stream;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Predicate;
import org.pgmigrator.core.apply.Applier;
import org.pgmigrator.core.apply.OrderedTable;
import org.pgmigrator.core.config.LagConfig;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.lag.LagClock;
import org.pgmigrator.core.lag.SourceSample;
import org.pgmigrator.core.phase.stream.SlotCare.Stage;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.snapshot.Publications;

/// Watches the stream while it runs: the heartbeat, caught up or not, changes of schema on the source.
///
/// It acts on nothing: whoever calls [#tick] decides. Confined to the migration's thread.
public final class StreamApply {

    /// The source is looked at this often whatever the heartbeat's interval: the lag in seconds is as fine as this.
    /// The age of what is not on the target, for the edge: with one flickering as little as with bytes.
    private static final double CAUGHT_UP_SECONDS = 5;

    private static final double FELL_BEHIND_SECONDS = 10;

    private static final Duration SAMPLE_INTERVAL = Duration.ofSeconds(1);

    /// Reading the catalogue must not be felt on the source: at most this part of the time is spent on it.
    private static final int FINGERPRINT_SHARE = 50;

    private final Connection observer;
    private final StreamSession session;
    private final String slot;
    private final SlotCare care;
    private final List<String> publications;
    private final LagConfig config;
    private final CatalogFingerprint atSnapshot;
    private final Predicate<CatalogTable> carried;
    private final ProgressListener listener;

    private final LagClock clock = new LagClock();
    private boolean caughtUp;
    private long nextHeartbeat;
    private long nextFingerprint;
    private long changesAtHeartbeat;
    private long lastHeartbeat = System.nanoTime();
    private List<String> schemaChanges = List.of();

    /// @param observer   an ordinary session on the source
    /// @param atSnapshot the carried tables as they were copied
    /// @param carried    which of the source's tables are
    /// @param listener   hears the heartbeats
    public StreamApply(
            Connection observer,
            StreamSession session,
            String slot,
            SlotCare care,
            List<String> publications,
            LagConfig config,
            CatalogFingerprint atSnapshot,
            Predicate<CatalogTable> carried,
            ProgressListener listener) {
        this.observer = observer;
        this.session = session;
        this.slot = slot;
        this.care = care;
        this.publications = List.copyOf(publications);
        this.config = config;
        this.atSnapshot = atSnapshot;
        this.carried = carried;
        this.listener = listener;
    }

    /// CAUGHT_UP or STREAM_APPLY.
    public Phase phase() {
        return caughtUp ? Phase.CAUGHT_UP : Phase.STREAM_APPLY;
    }

    /// How often [#tick] is to be called.
    public static Duration interval(LagConfig config) {
        return config.pollInterval().compareTo(SAMPLE_INTERVAL) < 0 ? config.pollInterval() : SAMPLE_INTERVAL;
    }

    /// Looks at everything once and publishes what is new.
    ///
    /// @throws MigrationException if an engine has failed, the slot is lost, or the source does not answer
    public void tick() {
        tick(false);
    }

    /// As [#tick()], while the cutover drains: the heartbeat is one of the cutover then.
    public void tickInCutover() {
        tick(true);
    }

    private void tick(boolean cuttingOver) {
        requireRunning();
        SourceSample sample = sample();
        care.look(observer, sample, cuttingOver ? Stage.CUTOVER : Stage.STREAM);
        long now = System.nanoTime();
        clock.sample(now, sample.flushLsn());
        Applier applier = session.applier();
        long lagBytes = sample.flushLsn().bytesSince(applier.reachedLsn());
        OptionalDouble lagSeconds = clock.secondsBehind(now, applier.reachedLsn());
        noteEdge(lagBytes, lagSeconds);
        tellOrdered();
        if (now >= nextHeartbeat) {
            heartbeat(cuttingOver ? Phase.CUTOVER : phase(), sample, now, lagBytes, lagSeconds);
        }
        if (now >= nextFingerprint) {
            watchSchema();
        }
    }

    /// Makes sure that both engines are at work.
    ///
    /// @throws MigrationException the failure of an engine, if one has ended by itself
    public void requireRunning() {
        session.failure().ifPresent(failure -> {
            // The walsender's own reason is on the source only.
            SlotLoss.requireUsable(sample(), slot, Stage.STREAM, walsenderWords(failure));
            throw failure;
        });
    }

    private static String walsenderWords(MigrationException failure) {
        return failure.getCause() instanceof SQLException broken ? SqlState.serverWords(broken) : "";
    }

    private SourceSample sample() {
        try {
            return StreamSession.sample(observer, slot);
        } catch (MigrationException gone) {
            session.sourceGone(gone);
            throw gone;
        }
    }

    private void tellOrdered() {
        Optional<OrderedTable> next = session.applier().nextOrdered();
        while (next.isPresent()) {
            OrderedTable table = next.get();
            listener.on(new ProgressEvent.AppliedInOrder(table.table().toString(), table.barrier(), table.reason()));
            next = session.applier().nextOrdered();
        }
    }

    /// Bytes alone do not tell: those of a transaction count as reached while it is in progress, however much of it is
    /// still to be applied when it is committed.
    private void noteEdge(long lagBytes, OptionalDouble lagSeconds) {
        Applier applier = session.applier();
        double seconds = lagSeconds.orElse(Double.POSITIVE_INFINITY);
        if (!caughtUp && lagBytes <= config.thresholdBytes() && seconds <= CAUGHT_UP_SECONDS) {
            caughtUp = true;
            listener.on(new ProgressEvent.CaughtUp(applier.appliedLsn(), lagBytes));
        } else if (caughtUp && (lagBytes > fellBehindBytes() || seconds > FELL_BEHIND_SECONDS)) {
            caughtUp = false;
            listener.on(new ProgressEvent.FellBehind(applier.appliedLsn(), lagBytes, lagSeconds));
        }
    }

    /// Twice the threshold, and never for less than what a busy second writes: a state that flickers says nothing.
    private long fellBehindBytes() {
        return Math.max(2 * config.thresholdBytes(), 1 << 20);
    }

    private void heartbeat(Phase phase, SourceSample sample, long now, long lagBytes, OptionalDouble lagSeconds) {
        Applier applier = session.applier();
        long changes = applier.changesApplied();
        double seconds = Math.max((now - lastHeartbeat) / 1e9, 1e-3);
        listener.on(new ProgressEvent.Lag(
                phase,
                sample.flushLsn(),
                session.receivedLsn(),
                applier.appliedLsn(),
                lagBytes,
                lagSeconds,
                (changes - changesAtHeartbeat) / seconds,
                sample.walStatus(),
                sample.retainedBytes(),
                sample.safeWalBytes(),
                applier.fallbacks()));
        changesAtHeartbeat = changes;
        lastHeartbeat = now;
        nextHeartbeat = now + config.pollInterval().toNanos();
    }

    private void watchSchema() {
        long started = System.nanoTime();
        List<String> now = schemaChanges();
        if (!now.equals(schemaChanges) && !now.isEmpty()) {
            listener.on(new ProgressEvent.Warning("schema changes on the source are not replicated, and the cutover is "
                    + "refused while they stand: " + String.join(", ", now)));
        }
        schemaChanges = now;
        long elapsed = System.nanoTime() - started;
        nextFingerprint = System.nanoTime() + Math.max(config.pollInterval().toNanos(), FINGERPRINT_SHARE * elapsed);
    }

    /// What differs on the source now from what was copied, a line each.
    List<String> schemaChanges() {
        return schemaChanges(carriedTables());
    }

    /// The same, for tables that were read already.
    ///
    /// @param tables what [#carriedTables] has just said
    public List<String> schemaChanges(List<CatalogTable> tables) {
        List<String> changes = new ArrayList<>(atSnapshot.differences(CatalogFingerprint.of(tables)));
        try {
            Publications.unpublished(observer, publications, tables)
                    .forEach(table -> changes.add("table " + table + " is in no publication that is streamed"));
        } catch (SQLException lost) {
            throw SqlState.toException(Side.SOURCE, "The source's publications could not be read.", lost);
        }
        return changes;
    }

    /// The carried tables as the source has them now.
    public List<CatalogTable> carriedTables() {
        try {
            return Catalog.tables(observer).stream().filter(carried).toList();
        } catch (SQLException lost) {
            throw SqlState.toException(Side.SOURCE, "The source's catalogue could not be read.", lost);
        }
    }
}
