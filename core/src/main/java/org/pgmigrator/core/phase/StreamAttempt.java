package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.config.CutoverConfig.When;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.control.RequestDesk;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.copy.CopyDatabase;
import org.pgmigrator.core.phase.cutover.Cutover;
import org.pgmigrator.core.phase.cutover.CutoverScene;
import org.pgmigrator.core.phase.stream.AppliedTotals;
import org.pgmigrator.core.phase.stream.SlotCare.Stage;
import org.pgmigrator.core.phase.stream.StreamApply;
import org.pgmigrator.core.phase.stream.StreamSession;
import org.pgmigrator.core.phase.stream.WireFormatChoice;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.uncarried.Uncarried;
import org.pgmigrator.decoder.Lsn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One attempt to stream until the cutover is complete: it opens both engines, watches them, and cuts over when asked.
///
/// It ends with the first lost connection, and may be run again. Used by the migration's thread.
final class StreamAttempt {

    private static final Logger log = LoggerFactory.getLogger(StreamAttempt.class);

    private final StreamScene scene;
    private final MigrationConfig config;
    private final RequestDesk desk;

    /// Chosen once for all attempts.
    private @Nullable WireFormatChoice format;

    /// From the beginning of a cutover until it is given up or over.
    private @Nullable Cutover cuttingOver;

    /// The cutover is complete: whatever fails now has nothing to do with it.
    private boolean complete;

    private AppliedTotals applied = AppliedTotals.NONE;

    StreamAttempt(StreamScene scene, RequestDesk desk) {
        this.scene = scene;
        this.config = scene.config();
        this.desk = desk;
    }

    /// Whether it was ended in a cutover.
    boolean isCuttingOver() {
        return cuttingOver != null;
    }

    /// Whether it was ended in a cutover that has opened the target.
    boolean hasOpened() {
        return cuttingOver != null && cuttingOver.hasOpened();
    }

    /// Hears about once a second that both servers answer.
    @FunctionalInterface
    interface Pulse {
        /// Changes are streamed.
        ///
        /// @param progressed whether the target has come further since the attempt began
        void streaming(boolean progressed);
    }

    /// Returns when the cutover is complete.
    ///
    /// @throws MigrationException if a connection is lost, an engine fails or the cutover does
    void run(Pulse pulse) throws InterruptedException {
        cuttingOver = null;
        try {
            attempt(pulse);
        } catch (MigrationException failed) {
            if (!complete) {
                throw failed;
            }
            log.warn("a session of the stream was not closed in order", failed);
        }
    }

    private void attempt(Pulse pulse) throws InterruptedException {
        try (Connection observer = scene.source().connect(Session.named("observe"))) {
            scene.care().look(observer, StreamSession.sample(observer, scene.slot()), Stage.STREAM);
            Predicate<QualifiedName> carried = carriedByName(observer);
            boolean binary = chosenFormat(observer, carried).binary();
            List<String> publications = CopyDatabase.publications(config, scene.validated());
            try (StreamSession session = StreamSession.open(
                            scene.source(),
                            scene.target(),
                            observer,
                            scene.subscription(),
                            config.apply(),
                            binary,
                            scene.slot(),
                            publications,
                            carried,
                            scene.spooling());
                    Uncarried uncarried = new Uncarried(
                            scene.source(),
                            scene.target(),
                            config.filter(),
                            !config.copy().noOwner(),
                            !config.copy().noAcl())) {
                warnOfOtherLanes(session);
                StreamApply watch = new StreamApply(
                        observer,
                        session,
                        scene.slot(),
                        scene.care(),
                        publications,
                        config.lag(),
                        scene.fingerprint(),
                        table -> table.isCarriedBy(config.filter()),
                        scene.listener());
                try {
                    streamUntilProved(observer, session, watch, uncarried, pulse);
                    complete = true;
                } catch (MigrationException failed) {
                    // Whichever session of the source was lost: it may be shutting down, which waits for the walsender.
                    if (failed.failure().kind() == Side.SOURCE.unreachable()) {
                        session.sourceGone(failed);
                    }
                    throw failed;
                } finally {
                    applied = applied.plus(session.applier());
                }
            }
        } catch (SQLException lost) {
            throw SqlState.toException(Side.SOURCE, "The session on the source failed.", lost);
        }
    }

    /// Drops only what is known not to be carried (the operator's own publication may send more than that). A name that
    /// nobody knew is a table that is new: its changes go on, and stop at the target, which has no such table.
    private Predicate<QualifiedName> carriedByName(Connection observer) throws SQLException {
        Set<QualifiedName> notCarried = Catalog.tables(observer).stream()
                .filter(table -> !table.isCarriedBy(config.filter()))
                .map(CatalogTable::name)
                .collect(Collectors.toSet());
        return name -> !notCarried.contains(name);
    }

    private WireFormatChoice chosenFormat(Connection observer, Predicate<QualifiedName> carried) throws SQLException {
        WireFormatChoice chosen = format;
        if (chosen == null) {
            chosen = scene.spooling().isOn()
                    ? WireFormatChoice.SPOOLED
                    : WireFormatChoice.make(config.apply().wireFormat(), observer, scene.target(), carried);
            format = chosen;
            scene.listener().on(new ProgressEvent.WireFormatChosen(chosen.binary(), chosen.why()));
        }
        return chosen;
    }

    private void warnOfOtherLanes(StreamSession session) {
        int asked = config.apply().mode() == ApplyConfig.Mode.STRICT
                ? 1
                : config.apply().lanes();
        if (session.applier().lanes() != asked) {
            scene.listener()
                    .on(new ProgressEvent.Warning("the earlier run stopped between the commits of its "
                            + session.applier().lanes()
                            + " lanes, so this one applies with as many; the next run can have the "
                            + asked + " that were asked for"));
        }
    }

    private void streamUntilProved(
            Connection observer, StreamSession session, StreamApply watch, Uncarried uncarried, Pulse pulse)
            throws InterruptedException {
        OperatorControl control = scene.control();
        Lsn began = session.applier().reachedLsn();
        while (true) {
            if (control.stopRequested().isPresent()) {
                throw new InterruptedException();
            }
            watch.tick();
            pulse.streaming(session.applier().reachedLsn().isAfter(began));
            if (config.cutover().when() == When.CAUGHT_UP && watch.phase() == Phase.CAUGHT_UP) {
                control.requestCutover();
            }
            if (control.isCutoverRequested()) {
                Cutover cutover = cutover(observer, session, watch, uncarried, false);
                cuttingOver = cutover;
                if (cutover.run()) {
                    return;
                }
                cuttingOver = null;
            } else if (control.takeRehearsal()) {
                cutover(observer, session, watch, uncarried, true).rehearse();
            } else {
                control.await(StreamApply.interval(config.lag()));
            }
        }
    }

    private Cutover cutover(
            Connection observer, StreamSession session, StreamApply watch, Uncarried uncarried, boolean rehearsal) {
        return new Cutover(
                new CutoverScene(
                        config.cutover(),
                        config.filter(),
                        scene.source(),
                        scene.target(),
                        observer,
                        scene.state(),
                        scene.subscription(),
                        scene.slot(),
                        session,
                        applied,
                        watch,
                        scene.validated().source().insertOnly(),
                        uncarried,
                        scene.control(),
                        scene.listener()),
                desk,
                rehearsal);
    }
}
