package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.config.CutoverConfig.When;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.TargetStatistics;
import org.pgmigrator.core.cutover.IdentityColumns;
import org.pgmigrator.core.cutover.TargetDoor;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.OperatorControl.OnInterrupt;
import org.pgmigrator.core.phase.OperatorControl.Stop;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.uncarried.Uncarried;
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

    /// Chosen once for all attempts to stream.
    private @Nullable WireFormatChoice format;

    /// What the target remembered of this migration when its stream began.
    private @Nullable MigrationRecord streamed;

    /// From the beginning of a cutover until it is given up or over.
    private boolean cuttingOver;

    /// Whether another process has gone on with this migration.
    private boolean overtaken;
    private final ProgressListener listener;
    private final Confirmation confirmation;
    private final OperatorControl control;
    private final RequestDesk desk;
    private final String subscription;

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
        CopyDatabase.Copied copied = new CopyDatabase(
                        config, source, target, validated, listener, state.undoLog(Side.SOURCE), spooling::slotReady)
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

    private void warnOfOtherLanes(StreamSession session) {
        int asked = config.apply().mode() == ApplyConfig.Mode.STRICT
                ? 1
                : config.apply().lanes();
        if (session.applier().lanes() != asked) {
            listener.on(new ProgressEvent.Warning("the earlier run stopped between the commits of its "
                    + session.applier().lanes() + " lanes, so this one applies with as many; the next run can have the "
                    + asked + " that were asked for"));
        }
    }

    /// Streams until the cutover is complete, through outages of either server.
    private void stream(StateStore state, Spooling spooling, CatalogFingerprint fingerprint)
            throws InterruptedException {
        control.setOnInterrupt(OnInterrupt.CUT_OVER);
        listener.on(
                new ProgressEvent.PhaseStarted(Phase.STREAM_APPLY, "changes of the source are applied to the target"));
        try {
            streamed = MigrationRecord.read(state.session(), subscription).orElse(null);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The state on the target could not be read.", refusal);
        }
        Outage outage = new Outage(config.replication().maxOutage());
        boolean proved = false;
        while (!proved) {
            try {
                proved = hasStreamed(state, spooling, fingerprint, outage);
            } catch (InterruptedException stop) {
                throw stopped(state);
            } catch (MigrationException failed) {
                throw ended(state, failed);
            }
        }
    }

    /// @return false if a connection was lost, and it is time for the next attempt
    private boolean hasStreamed(StateStore state, Spooling spooling, CatalogFingerprint fingerprint, Outage outage)
            throws InterruptedException {
        try {
            if (outage.isOn()) {
                requireStillOurs(state);
            }
            streamOnce(state, spooling, fingerprint, outage);
            return true;
        } catch (MigrationException failed) {
            // A cutover goes back to the stream by itself where it can; what it throws ends the migration.
            if (cuttingOver || overtaken || control.stopRequested().isPresent()) {
                throw failed;
            }
            Optional<Duration> pause = outage.pauseAfter(failed);
            if (pause.isEmpty()) {
                throw outage.last(failed);
            }
            listener.on(new ProgressEvent.Warning(
                    outage.describe(failed, pause.get(), keeper(), control.isCutoverRequested())));
            Thread.sleep(pause.get());
            return false;
        }
    }

    /// What has the changes that are not on the target.
    private String keeper() {
        return "slot \"" + config.replication().slotName() + "\" on the source"
                + config.spool()
                        .map(spool -> " and the spool in " + spool.directory() + " keep")
                        .orElse(" keeps");
    }

    /// The lease goes with its session: it must be ours again, and nobody may have gone on meanwhile.
    private void requireStillOurs(StateStore state) {
        try {
            Connection session = state.session();
            Optional<MigrationRecord> now = MigrationRecord.read(session, subscription);
            overtaken = streamed == null
                    || now.isEmpty()
                    || !streamed.isSameStream(now.get())
                    || CutoverRecord.read(session, subscription)
                            .flatMap(CutoverRecord::token)
                            .isPresent();
            if (overtaken) {
                throw new MigrationException(Failure.of(
                                FailureKind.TARGET_IN_USE,
                                "Another pg-migrator has gone on with this migration during the outage.",
                                "what the target remembers of it is not what this process has left")
                        .withState("what the other process has made of them: pg-migrator status tells it")
                        .withRemedy("Look at pg-migrator status, then go on with --resume or pg-migrator abort."));
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The state on the target could not be read.", refusal);
        }
    }

    private void streamOnce(StateStore state, Spooling spooling, CatalogFingerprint fingerprint, Outage outage)
            throws InterruptedException {
        try (Connection observer = source.connect(Session.named("observe"))) {
            Predicate<QualifiedName> carried = carriedByName(observer);
            WireFormatChoice chosen = format;
            if (chosen == null) {
                chosen = spooling.isOn()
                        ? WireFormatChoice.SPOOLED
                        : WireFormatChoice.make(config.apply().wireFormat(), observer, target, carried);
                format = chosen;
                listener.on(new ProgressEvent.WireFormatChosen(chosen.binary(), chosen.why()));
            }
            try (StreamSession session = StreamSession.open(
                            source,
                            target,
                            observer,
                            subscription,
                            config.apply(),
                            chosen.binary(),
                            config.replication().slotName(),
                            CopyDatabase.publications(config, validated),
                            carried,
                            spooling);
                    Uncarried uncarried = new Uncarried(
                            source,
                            target,
                            config.filter(),
                            !config.copy().noOwner(),
                            !config.copy().noAcl())) {
                warnOfOtherLanes(session);
                StreamApply watch = new StreamApply(
                        observer,
                        session,
                        config.replication().slotName(),
                        CopyDatabase.publications(config, validated),
                        config.lag(),
                        fingerprint,
                        CopyDatabase.carried(config),
                        listener);
                streamUntilProved(state, observer, session, watch, uncarried, outage);
            }
            discard(spooling);
        } catch (SQLException lost) {
            throw SqlState.toException(Side.SOURCE, "The session on the source failed.", lost);
        }
    }

    private MigrationException ended(StateStore state, MigrationException failed) {
        if (control.isStopPending()) {
            return stopped(state);
        }
        control.detach();
        return failed.failure().state().isEmpty()
                ? new MigrationException(failed.failure().withState(streamingState()), failed)
                : failed;
    }

    private String streamingState() {
        return HowToGoOn.streaming(config.replication().slotName())
                + config.spool()
                        .map(spool -> "; the spool in " + spool.directory()
                                + " has what was confirmed and is not there: it" + " must survive")
                        .orElse("");
    }

    private MigrationException stopped(StateStore state) {
        control.detach();
        return Stops.exception(
                control,
                streamingState(),
                HowToGoOn.withTheStream(state, config.replication().slotName()));
    }

    /// Drops only what is known not to be carried (the operator's own publication may send more than that). A name that
    /// nobody knew is a table that is new: its changes go on, and stop at the target, which has no such table.
    private Predicate<QualifiedName> carriedByName(Connection observer) throws SQLException {
        Set<QualifiedName> notCarried = Catalog.tables(observer).stream()
                .filter(CopyDatabase.carried(config).negate())
                .map(CatalogTable::name)
                .collect(Collectors.toSet());
        return name -> !notCarried.contains(name);
    }

    private void streamUntilProved(
            StateStore state,
            Connection observer,
            StreamSession session,
            StreamApply watch,
            Uncarried uncarried,
            Outage outage)
            throws InterruptedException {
        while (true) {
            if (control.stopRequested().isPresent()) {
                throw new InterruptedException();
            }
            watch.tick();
            outage.streaming().ifPresent(news -> listener.on(new ProgressEvent.Notice(news)));
            if (config.cutover().when() == When.CAUGHT_UP && watch.phase() == Phase.CAUGHT_UP) {
                control.requestCutover();
            }
            if (control.isCutoverRequested()) {
                Cutover cutover = cutover(state, observer, session, watch, uncarried, false);
                cuttingOver = true;
                if (cutover.run()) {
                    return;
                }
                cuttingOver = false;
            } else if (control.takeRehearsal()) {
                cutover(state, observer, session, watch, uncarried, true).rehearse();
            } else {
                control.await(StreamApply.interval(config.lag()));
            }
        }
    }

    private Cutover cutover(
            StateStore state,
            Connection observer,
            StreamSession session,
            StreamApply watch,
            Uncarried uncarried,
            boolean rehearsal) {
        return new Cutover(
                new CutoverScene(
                        config.cutover(),
                        config.filter(),
                        source,
                        target,
                        observer,
                        state,
                        subscription,
                        config.replication().slotName(),
                        session,
                        watch,
                        validated.source().insertOnly(),
                        uncarried,
                        control,
                        listener),
                desk,
                rehearsal);
    }
}
