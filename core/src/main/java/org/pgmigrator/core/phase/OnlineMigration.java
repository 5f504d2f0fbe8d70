package org.pgmigrator.core.phase;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.CopyConfig.Rows;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.control.Confirmation;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.control.OperatorControl.Stop;
import org.pgmigrator.core.control.RequestDesk;
import org.pgmigrator.core.control.Stops;
import org.pgmigrator.core.copy.TargetStatistics;
import org.pgmigrator.core.cutover.IdentityColumns;
import org.pgmigrator.core.cutover.TargetDoor;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.phase.copy.CopyDatabase;
import org.pgmigrator.core.phase.copy.KeptCopy;
import org.pgmigrator.core.phase.copy.TargetRoom;
import org.pgmigrator.core.phase.cutover.InterruptedCutover;
import org.pgmigrator.core.phase.cutover.TargetOpening;
import org.pgmigrator.core.phase.stream.Outage;
import org.pgmigrator.core.phase.stream.SlotCare;
import org.pgmigrator.core.phase.stream.SlotWatch;
import org.pgmigrator.core.phase.stream.Spooling;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.snapshot.ExportedSnapshot;
import org.pgmigrator.core.state.CopyRecord;
import org.pgmigrator.core.state.MigrationOrigin;
import org.pgmigrator.core.state.SourceServer;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.core.state.Undoing;
import org.pgmigrator.core.validate.Validated;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Copy, stream, cut over: the phases after the checks, and what is undone when one of them ends early.
final class OnlineMigration {

    private static final Logger log = LoggerFactory.getLogger(OnlineMigration.class);

    /// So often a copy starts again in one process.
    private static final int MOST_STARTED_AGAIN = 5;

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
    private int startedAgain;

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
        resumption(state, spooling).run(earlier, state::takeOver);
        // Also if it was only a cutover to be finished: nobody needs what was received any more.
        discard(spooling);
    }

    private Resumption resumption(StateStore state, Spooling spooling) {
        InterruptedCutover cutover = new InterruptedCutover(config, state, source, target, control, listener);
        return new Resumption(config, source, cutover, listener, new Resumption.Onward() {
            @Override
            public void stream(CatalogFingerprint fingerprint) throws InterruptedException {
                closeAgain(state);
                OnlineMigration.this.stream(state, spooling, fingerprint);
            }

            @Override
            public void copy() throws InterruptedException {
                TargetRoom room = room();
                room.remember(state.session());
                // So that it is known when the target does not answer.
                state.journal();
                copyThenStream(state, spooling, room, goesOnOrAgain(state, spooling, room));
            }
        });
    }

    private TargetRoom room() {
        return new TargetRoom(target, config.filter(), subscription, listener);
    }

    /// Where a copy was cut off: what is complete is kept, if it can be.
    private Copying goesOnOrAgain(StateStore state, Spooling spooling, TargetRoom room) throws InterruptedException {
        // Whoever has taken it over is not to be disturbed.
        state.session();
        // What is complete is known when nobody is at it any more, and what was confirmed when nobody confirms.
        spooling.close();
        room.endOwnSessions();
        return switch (kept(state, spooling).find()) {
            case KeptCopy.Answer.GoOn found -> {
                kept(state, spooling).tell(found);
                yield (outage, watch) -> goOn(state, spooling, room, found, outage, watch);
            }
            case KeptCopy.Answer.Again again -> copiesAgain(state, spooling, room, again.why());
        };
    }

    private Copying copiesAgain(StateStore state, Spooling spooling, TargetRoom room, String why)
            throws InterruptedException {
        requireAnotherStart(why);
        boolean filled = room.isFilling();
        if (!filled) {
            makeRoom(room);
        }
        listener.on(new ProgressEvent.Notice(why + ": the copy starts again with a new slot"
                + (filled ? ", and what was restored so far is removed from the target first" : "")));
        KeptCopy.endHolder(state, source, subscription, listener);
        forgetCopy(state);
        spooling.discard();
        FaultPoint.COPY_FORGOTTEN.reached();
        undoCopy(state);
        FaultPoint.COPY_UNDONE.reached();
        try {
            spooling.requireUsable();
            // What was just undone (REPLICA IDENTITY FULL above all) was still there when the checks ran.
            validated = checks.again();
            state.begin(origin(), room.record());
        } catch (MigrationException failed) {
            throw failed.failure().kind() == FailureKind.OVERTAKEN
                    ? failed
                    : new MigrationException(
                            failed.failure()
                                    .withState("what the earlier run had created on the source was removed; the target"
                                            + (filled ? " holds a part of its copy, and" : "")
                                            + " remembers the migration: --resume starts the copy again, abort gives it"
                                            + " up"),
                            failed);
        }
        startedAgain++;
        boolean drops = filled || config.copy().dropTargetFirst();
        return (outage, watch) -> copyAll(state, spooling, room, drops, outage, watch);
    }

    /// A copy that something ends each time would start again for ever, at the source's expense.
    private void requireAnotherStart(String why) {
        if (startedAgain == MOST_STARTED_AGAIN) {
            throw new MigrationException(Failure.of(
                            FailureKind.SOURCE_FAILED,
                            "The copy was lost once more, after it had started again " + MOST_STARTED_AGAIN + " times.",
                            why)
                    .withRemedy(
                            "Find out what ends the source's sessions or restarts it: the server log tells"
                                    + " (idle_in_transaction_session_timeout, transaction_timeout, a job that ends long"
                                    + " transactions).",
                            "While the copy runs, pg-migrator snapshot-holder on another machine holds the snapshot when"
                                    + " this one's connections are lost.",
                            "Then run the migration again."));
        }
    }

    private void undoCopy(StateStore state) {
        List<String> left =
                new ArrayList<>(Undoing.run(state, source).requireReached().left());
        left.addAll(Undoing.run(state, target).requireReached().left());
        if (!left.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.LEFT_BEHIND,
                            "What the earlier run has left could not be removed.",
                            String.join("\n", left))
                    .withState("the source is serving; the target holds a part of a copy"));
        }
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
        TargetRoom room = room();
        boolean dropFirst = config.copy().dropTargetFirst();
        makeRoom(room);
        begin(state, room);
        FaultPoint.BEGUN.reached();
        copyThenStream(
                state, spooling, room, (outage, watch) -> copyAll(state, spooling, room, dropFirst, outage, watch));
    }

    /// Sees to it that a copy that is the first to write to the target meets nothing that was not agreed to go.
    private void makeRoom(TargetRoom room) {
        if (config.copy().dropTargetFirst()) {
            room.confirm(confirmation, config.assumeYes());
        } else {
            room.look();
        }
    }

    private void begin(StateStore state, TargetRoom room) {
        try {
            state.begin(origin(), room.record());
        } catch (MigrationException failed) {
            throw failed.failure().kind() == Side.TARGET.unreachable()
                    ? new MigrationException(
                            failed.failure()
                                    .withState(
                                            "the source is as it was; nothing was copied to the target, which may or may not"
                                                    + " remember that the migration has begun")
                                    .withRemedy(
                                            "When the target answers: pg-migrator status tells whether it does. If so, go on with"
                                                    + " --resume, or remove it with pg-migrator abort; if not, run again."),
                            failed)
                    : failed;
        }
    }

    private KeptCopy kept(StateStore state, Spooling spooling) {
        return new KeptCopy(config, source, state, spooling, CopyDatabase.publications(config, validated), listener);
    }

    /// What copies the rows, up to the point from which they are streamed.
    @FunctionalInterface
    private interface Copying {
        CatalogFingerprint run(Outage outage, SlotWatch watch) throws InterruptedException;
    }

    private CatalogFingerprint copyAll(
            StateStore state, Spooling spooling, TargetRoom room, boolean dropFirst, Outage outage, SlotWatch watch)
            throws InterruptedException {
        closeTarget(state);
        if (dropFirst) {
            room.drop();
        }
        return completed(
                state, copyDatabase(state, spooling, room, outage, watch).run());
    }

    /// With what is complete of the copy that was cut off.
    private CatalogFingerprint goOn(
            StateStore state,
            Spooling spooling,
            TargetRoom room,
            KeptCopy.Answer.GoOn found,
            Outage outage,
            SlotWatch watch)
            throws InterruptedException {
        try (ExportedSnapshot held = found.snapshot()) {
            watch.start();
            closeTarget(state);
            CopyRecord record = found.record();
            state.copiesAt(record.slot());
            state.copyHasReached(record.step());
            if (record.step() == CopyRecord.Step.SNAPSHOT) {
                room.removeAllOfIt();
            }
            copyDatabase(state, spooling, room, outage, watch).goOn(record.step(), Optional.ofNullable(held));
            return completed(state, new CopyDatabase.Copied(record.slot(), record.fingerprint()));
        }
    }

    private void copyThenStream(StateStore state, Spooling spooling, TargetRoom room, Copying copying)
            throws InterruptedException {
        CatalogFingerprint fingerprint;
        try {
            fingerprint = copyThroughOutages(state, spooling, room, copying);
        } catch (InterruptedException stop) {
            throw cutOff(state, spooling, room, Optional.empty());
        } catch (MigrationException failed) {
            throw cutOff(state, spooling, room, control.isStopPending() ? Optional.empty() : Optional.of(failed));
        }
        stream(state, spooling, fingerprint);
    }

    /// Copies, through losses of the sessions that nobody can make anew: the one that holds the snapshot above all.
    /// Then
    /// the copy starts again, unless somebody else holds it.
    private CatalogFingerprint copyThroughOutages(StateStore state, Spooling spooling, TargetRoom room, Copying copying)
            throws InterruptedException {
        Outage outage = new Outage(config.replication().maxOutage());
        Copying next = copying;
        while (true) {
            Copying attempt = next;
            try (SlotWatch watch = new SlotWatch(source, config.replication().slotName(), care, spooling::sourceGone)) {
                return watch.whileWatching(() -> attempt.run(outage, watch), control);
            } catch (MigrationException failed) {
                // A folder without room for a new spool is not waited for: nothing is lost by starting again.
                Optional<Duration> pause = config.copy().rows() == Rows.DUMP
                                || failed.failure().kind() == FailureKind.SPOOL_FULL
                                || control.stopRequested().isPresent()
                        ? Optional.empty()
                        : outage.pauseAfter(failed);
                if (pause.isEmpty()) {
                    throw outage.last(failed);
                }
                listener.on(new ProgressEvent.Warning(outage.describeCopy(failed, pause.get())));
                Thread.sleep(pause.get());
                next = (same, watch) -> {
                    // The answer to the last COMMIT of the copy may be what was lost.
                    Optional<CatalogFingerprint> complete =
                            state.read().filter(StateStore.Stored::isStreaming).flatMap(StateStore.Stored::fingerprint);
                    return complete.isPresent()
                            ? complete.get()
                            : goesOnOrAgain(state, spooling, room).run(same, watch);
                };
            }
        }
    }

    /// Everything is copied: what is streamed from here on.
    private CatalogFingerprint completed(StateStore state, CopyDatabase.Copied copied) throws InterruptedException {
        KeptCopy.endHolder(state, source, subscription, listener);
        new TargetStatistics(config.copy(), config.filter(), target, listener).gather();
        setIdentitiesByDefault(state);
        FaultPoint.COPY_COMPLETE.reached();
        state.streamingFrom(copied.slot(), copied.fingerprint());
        return copied.fingerprint();
    }

    private CopyDatabase copyDatabase(
            StateStore state, Spooling spooling, TargetRoom room, Outage outage, SlotWatch watch) {
        return new CopyDatabase(
                config, source, target, validated, listener, state, room, outage, (slot, publications) -> {
                    spooling.slotReady(slot, publications);
                    watch.start();
                });
    }

    /// A cutover may have ended while it opened the target.
    private void closeAgain(StateStore state) {
        closeTarget(state);
        setIdentitiesByDefault(state);
    }

    private void closeTarget(StateStore state) {
        if (validated.target().mayClose()) {
            if (state.journal().stream().noneMatch(entry -> entry.what().equals(TargetOpening.DOOR))) {
                state.undoLog(Side.TARGET).willCreate(TargetOpening.DOOR, TargetDoor.openSql(target.name()));
            }
            TargetDoor.close(state.session(), target.name());
        }
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

    /// The copy has ended early: it is kept where it can be gone on with, and Ctrl+C does not want it removed.
    private MigrationException cutOff(
            StateStore state, Spooling spooling, TargetRoom room, Optional<MigrationException> cause) {
        boolean unwanted = control.stopRequested().equals(Optional.of(Stop.INTERRUPT_AND_REMOVE))
                || cause.filter(OnlineMigration::leavesNothingToGoOnWith).isPresent();
        // Asking the servers is no part of what a stop interrupts.
        control.detach();
        Optional<MigrationException> takenOver = takenOver(state);
        if (takenOver.isPresent()) {
            spooling.close();
            return takenOver.get();
        }
        Optional<String> kept =
                unwanted ? Optional.empty() : kept(state, spooling).keepable();
        if (kept.isEmpty()) {
            return abandonCopy(state, spooling, room, cause);
        }
        spooling.close();
        String slot = config.replication().slotName();
        String how = "the source is serving; the copy is kept: " + kept.get() + "; slot \"" + slot
                + "\" is kept on the source and holds back WAL; the target is closed for writes";
        List<String> remedy = List.of(
                "To go on with the copy where it was cut off: run the same command with --resume.",
                "To give up instead: pg-migrator abort.");
        return cause.map(failed -> new MigrationException(
                        failed.failure().withState(how).withRemedy(remedies(failed, remedy)), failed))
                .orElseGet(() -> Stops.exception(control, how, remedy));
    }

    /// Whoever has gone on with it, or is at it, must not lose what this process would remove. A target that does not
    /// answer lets nobody know.
    private static Optional<MigrationException> takenOver(StateStore state) {
        try {
            state.session();
            return Optional.empty();
        } catch (MigrationException refused) {
            return switch (refused.failure().kind()) {
                case OVERTAKEN -> Optional.of(refused);
                case TARGET_IN_USE ->
                    Optional.of(new MigrationException(
                            refused.failure().withState("what the other process makes of them; nothing was removed"),
                            refused));
                default -> Optional.empty();
            };
        }
    }

    private static boolean leavesNothingToGoOnWith(MigrationException failed) {
        return switch (failed.failure().kind()) {
            case SLOT_MISSING, SLOT_INVALIDATED, SLOT_RETAINS_TOO_MUCH, CATALOG_CHANGED -> true;
            default -> false;
        };
    }

    /// What removes the cause comes first.
    private static String[] remedies(MigrationException failed, List<String> remedy) {
        List<String> all = new ArrayList<>();
        if (failed.failure().kind() == FailureKind.RESTORE_FAILED) {
            all.add("Remove the cause of the listed errors.");
        }
        all.addAll(remedy);
        return all.toArray(String[]::new);
    }

    /// The copy has ended early. A slot whose snapshot is gone is of no use and holds back WAL, so it goes in any case;
    /// after TERM the target remembers that `--resume` has to begin again, otherwise both sides are left as they were.
    private MigrationException abandonCopy(
            StateStore store, Spooling spooling, TargetRoom room, Optional<MigrationException> cause) {
        listener.on(new ProgressEvent.Notice("removing what was created"));
        try {
            store.journal();
        } catch (MigrationException unreadable) {
            spooling.close();
            return nothingUndone(cause.orElse(unreadable), store);
        }
        // The walsender first. What it has received goes last: it is of use as long as the slot is there.
        spooling.close();
        if (!store.isFromMemory()) {
            KeptCopy.endHolder(store, source, subscription, listener);
            forgetCopy(store);
        }
        Undoing.Outcome onSource = Undoing.run(store, source);
        List<String> left = new ArrayList<>(onSource.left());
        boolean resumable = cause.isEmpty() && control.stopRequested().equals(Optional.of(Stop.TERMINATE));
        boolean unseen = store.isFromMemory();
        boolean filled = room.isFilling();
        if (unseen && filled) {
            left.add("on the target, the part that was restored");
        } else if (!unseen) {
            try {
                // What was ours when the source was cleaned up must be so still.
                store.session();
                room.removePartialCopy();
            } catch (MigrationException refused) {
                if (refused.failure().kind() == FailureKind.OVERTAKEN) {
                    return refused;
                }
                left.add("on the target, the part that was restored: "
                        + refused.failure().why());
            }
        }
        if (!resumable) {
            if (!unseen) {
                left.addAll(Undoing.run(store, target).left());
            }
            if (left.isEmpty()) {
                left.addAll(Undoing.removeState(store));
            } else {
                left.add(Undoing.DROP_STATE);
            }
        }
        String state = left.isEmpty()
                ? "the source is serving and has nothing of ours left; "
                        + (filled ? "the target is empty again" : room.untouched())
                        + (resumable ? ", closed for writes, and remembers the migration" : "")
                : (unseen
                                ? "the target does not answer, so that nothing was touched that another pg-migrator may"
                                        + " have gone on with"
                                : onSource.lost().isPresent() ? "the source does not answer" : "the source is serving")
                        + "; this was not removed:\n" + String.join("\n", left);
        if (!left.isEmpty()) {
            return notRemoved(cause, state, unseen);
        }
        discard(spooling);
        return cause.map(failed ->
                        new MigrationException(withoutResume(failed.failure().withState(state)), failed))
                .orElseGet(() -> Stops.exception(
                        control,
                        state,
                        resumable
                                ? List.of("Run the same command with --resume: the copy starts again, with a new slot.")
                                : List.of("Run the same command to start again.")));
    }

    /// The target does not tell what was created, or whether somebody has gone on with it.
    private static MigrationException nothingUndone(MigrationException failed, StateStore store) {
        String there = store.known()
                .map(known -> known.isEmpty()
                        ? "nothing was created on the source, and nothing copied"
                        : "this was created and not removed:\n"
                                + known.stream()
                                        .map(entry -> Undoing.line(entry.side(), entry))
                                        .collect(Collectors.joining("\n")))
                .orElse("what the earlier run had created is still there");
        return new MigrationException(
                failed.failure()
                        .withState("the target cannot be asked; " + there)
                        .withRemedy("When the target answers: the same command with --resume goes on or starts again;"
                                + " pg-migrator abort removes what was created."),
                failed);
    }

    /// The journal is on the target still, so that both ways are open.
    private MigrationException notRemoved(Optional<MigrationException> cause, String state, boolean unseen) {
        List<String> remedy = List.of(
                unseen
                        ? "When the target answers, look at pg-migrator status. The same command with --resume goes on with the"
                                + " copy or starts it again; pg-migrator abort removes what is listed."
                        : "When both servers answer: the same command with --resume removes what is listed and starts the copy"
                                + " again; pg-migrator abort only removes it.");
        return cause.map(failed -> new MigrationException(
                        failed.failure().withState(state).withRemedy(remedies(failed, remedy)), failed))
                .orElseGet(() -> Stops.exception(control, state, remedy));
    }

    /// What an outage says of going on is not true of a copy that was removed.
    private static Failure withoutResume(Failure failure) {
        return failure.remedy().stream().anyMatch(step -> step.contains("--resume"))
                ? failure.withRemedy(
                        "When both servers can be reached, run the same command to start again.",
                        "To wait for longer by itself: --max-outage.")
                : failure;
    }

    /// First of all: nothing may go on with a copy that is being taken apart.
    private void forgetCopy(StateStore store) {
        try {
            CopyRecord.remove(store.session(), subscription);
        } catch (SQLException | MigrationException unreachable) {
            log.warn("the record of the copy was not removed", unreachable);
        }
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
                                listener,
                                () -> closeAgain(state)),
                        desk)
                .run();
        discard(spooling);
    }
}
