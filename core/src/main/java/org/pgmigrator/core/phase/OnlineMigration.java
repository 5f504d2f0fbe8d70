package org.pgmigrator.core.phase;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.copy.TargetStatistics;
import org.pgmigrator.core.cutover.IdentityColumns;
import org.pgmigrator.core.cutover.TargetDoor;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.OperatorControl.Stop;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.validate.Validated;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Copy, stream, cut over: the phases after the checks, and what is undone when one of them ends early.
final class OnlineMigration {

    private static final Logger log = LoggerFactory.getLogger(OnlineMigration.class);

    private final MigrationConfig config;
    private final Database source;
    private final Database target;
    private final Checks checks;
    private Validated validated;

    private final ProgressListener listener;
    private final Confirmation confirmation;
    private final OperatorControl control;
    private final RequestDesk desk;
    private final String subscription;
    private final SlotCare care;

    OnlineMigration(
            MigrationConfig config,
            Database source,
            Database target,
            Validated validated,
            Checks checks,
            ProgressListener listener,
            Confirmation confirmation,
            OperatorControl control,
            RequestDesk desk) {
        this.config = config;
        this.source = source;
        this.target = target;
        this.validated = validated;
        this.checks = checks;
        this.listener = listener;
        this.confirmation = confirmation;
        this.control = control;
        this.desk = desk;
        this.subscription = config.replication().subscriptionName();
        this.care = new SlotCare(config, listener);
    }

    /// The checks, made once more.
    @FunctionalInterface
    interface Checks {
        Validated again() throws InterruptedException;
    }

    void run() throws InterruptedException {
        try (StateStore state = StateStore.open(target, subscription);
                Spooling spooling = new Spooling(config, source, target, state, listener)) {
            Optional<StateStore.Stored> stored = state.read();
            if (config.resume()) {
                StateStore.Stored earlier = stored.orElseThrow(this::nothingToResume);
                desk.whileOpen(() -> resume(state, spooling, earlier));
            } else if (stored.isPresent()) {
                throw alreadyMigrating();
            } else {
                desk.whileOpen(() -> start(state, spooling));
            }
        }
    }

    private void resume(StateStore state, Spooling spooling, StateStore.Stored earlier) throws InterruptedException {
        spooling.remember();
        resumption(state, spooling).run(earlier);
        // Also if it was only a cutover to be finished: nobody needs what was received any more.
        discard(spooling);
    }

    private Resumption resumption(StateStore state, Spooling spooling) {
        InterruptedCutover cutover = new InterruptedCutover(config, state, source, target, control, listener);
        return new Resumption(config, state, source, target, cutover, listener, new Resumption.Onward() {
            @Override
            public void stream(CatalogFingerprint fingerprint) throws InterruptedException {
                // An earlier cutover may have ended while it opened the target.
                closeTarget(state);
                setIdentitiesByDefault(state);
                OnlineMigration.this.stream(state, spooling, fingerprint);
            }

            @Override
            public void copyAgain(TargetRoom room) throws InterruptedException {
                spooling.discard();
                spooling.requireUsable();
                // What was just undone (REPLICA IDENTITY FULL above all) was still there when the checks ran.
                validated = checks.again();
                state.begin(origin());
                copyThenStream(state, spooling, room, true);
            }
        });
    }

    private MigrationOrigin origin() {
        return new MigrationOrigin(
                ResumeConfiguration.of(config),
                config.replication().slotName(),
                SourceServer.of(source),
                config.filter());
    }

    private MigrationException nothingToResume() {
        return new MigrationException(Failure.of(
                FailureKind.NOTHING_TO_RESUME,
                "The target has no migration of subscription \"" + subscription + "\".",
                ""));
    }

    private MigrationException alreadyMigrating() {
        return new MigrationException(Failure.of(
                FailureKind.ALREADY_MIGRATING,
                "The target already holds a migration of subscription \"" + subscription + "\".",
                ""));
    }

    private void start(StateStore state, Spooling spooling) throws InterruptedException {
        spooling.requireUsable();
        TargetRoom room = new TargetRoom(target, config.filter(), subscription, listener);
        if (config.copy().dropTargetFirst()) {
            room.confirm(confirmation, config.assumeYes());
        }
        state.begin(origin());
        copyThenStream(state, spooling, room, config.copy().dropTargetFirst());
    }

    private void copyThenStream(StateStore state, Spooling spooling, TargetRoom room, boolean dropFirst)
            throws InterruptedException {
        CatalogFingerprint fingerprint;
        try {
            closeTarget(state);
            if (dropFirst) {
                room.drop();
            }
            fingerprint = copy(state, spooling);
        } catch (InterruptedException stop) {
            throw abandonCopy(state, spooling, room, Optional.empty());
        } catch (MigrationException failed) {
            throw abandonCopy(state, spooling, room, control.isStopPending() ? Optional.empty() : Optional.of(failed));
        }
        stream(state, spooling, fingerprint);
    }

    private void closeTarget(StateStore state) {
        if (validated.target().mayClose()) {
            if (state.journal().stream().noneMatch(entry -> entry.what().equals(TargetOpening.DOOR))) {
                state.undoLog(Side.TARGET).willCreate(TargetOpening.DOOR, TargetDoor.openSql(target.name()));
            }
            TargetDoor.close(state.session(), target.name());
        }
    }

    private CatalogFingerprint copy(StateStore state, Spooling spooling) throws InterruptedException {
        try (SlotWatch watch = new SlotWatch(source, config.replication().slotName(), care, spooling::sourceGone)) {
            return watch.whileWatching(() -> copy(state, spooling, watch), control);
        }
    }

    private CatalogFingerprint copy(StateStore state, Spooling spooling, SlotWatch watch) throws InterruptedException {
        CopyDatabase.Copied copied = new CopyDatabase(
                        config,
                        source,
                        target,
                        validated,
                        listener,
                        state.undoLog(Side.SOURCE),
                        (slot, publications) -> {
                            spooling.slotReady(slot, publications);
                            watch.start();
                        })
                .run();
        new TargetStatistics(config.copy(), config.filter(), target, listener).gather();
        setIdentitiesByDefault(state);
        state.streamingFrom(copied.slot(), copied.fingerprint());
        return copied.fingerprint();
    }

    private void setIdentitiesByDefault(StateStore state) {
        List<IdentityColumns.Column> always = IdentityColumns.always(state.session()).stream()
                .filter(column -> config.filter().carries(column.table()))
                .toList();
        for (IdentityColumns.Column column : always) {
            state.undoLog(Side.TARGET)
                    .willCreate(
                            "GENERATED BY DEFAULT of " + column.table() + "." + column.column(), column.alwaysSql());
        }
        IdentityColumns.setByDefault(state.session(), always);
    }

    /// The copy has ended early. A slot whose snapshot is gone is of no use and holds back WAL, so it goes in any case;
    /// after TERM the target remembers that `--resume` has to begin again, otherwise both sides are left as they were.
    private MigrationException abandonCopy(
            StateStore store, Spooling spooling, TargetRoom room, Optional<MigrationException> cause) {
        control.detach();
        listener.on(new ProgressEvent.Notice("removing what was created"));
        discard(spooling);
        List<String> left = new ArrayList<>(Undoing.run(store, source).left());
        boolean resumable = cause.isEmpty() && control.stopRequested().equals(Optional.of(Stop.TERMINATE));
        try {
            room.removePartialCopy();
        } catch (MigrationException refused) {
            left.add("on the target, the part that was restored: "
                    + refused.failure().why());
        }
        if (!resumable) {
            left.addAll(Undoing.run(store, target).left());
            if (left.isEmpty()) {
                left.addAll(CutoverFinish.removeState(store));
            } else {
                left.add(CutoverFinish.DROP_STATE);
            }
        }
        String state = left.isEmpty()
                ? "the source is serving and has nothing of ours left; the target is empty again"
                        + (resumable ? ", closed for writes, and remembers the migration" : "")
                : "the source is serving; this could not be removed:\n" + String.join("\n", left);
        return cause.map(failed -> new MigrationException(failed.failure().withState(state), failed))
                .orElseGet(() -> Stops.exception(
                        control,
                        state,
                        resumable
                                ? List.of("Run the same command with --resume: the copy starts again, with a new slot.")
                                : List.of("Run the same command to start again.")));
    }

    /// The slot goes, and what was received from it with it; its walsender first.
    private static void discard(Spooling spooling) {
        try {
            spooling.discard();
        } catch (MigrationException unreachable) {
            log.warn("the spool was not removed", unreachable);
        }
    }

    private void stream(StateStore state, Spooling spooling, CatalogFingerprint fingerprint)
            throws InterruptedException {
        new StreamThroughOutages(
                        new StreamScene(
                                config,
                                source,
                                target,
                                validated,
                                state,
                                spooling,
                                care,
                                fingerprint,
                                control,
                                listener),
                        desk)
                .run();
        discard(spooling);
    }
}
