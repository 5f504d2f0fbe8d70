package org.pgmigrator.cli.demo;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.cli.render.Wording;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.config.CutoverConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.LagConfig;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.ReplicationConfig;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.Migration;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.sandbox.compare.ComparisonResult;
import org.pgmigrator.sandbox.server.SandboxException;
import org.pgmigrator.sandbox.stage.Stage;
import org.pgmigrator.sandbox.workload.WorkloadTotals;

/// The scenes of a demo in their order. Used once, by one thread; signals reach it by [#control].
final class Demo {

    private static final int CLIENTS = 4;

    /// Enough for a busy second of the application, so that the target is either caught up or really behind.
    private static final long LAG_THRESHOLD_BYTES = 1024 * 1024;

    private static final Duration HEARTBEAT = Duration.ofSeconds(1);
    private static final Duration CUTOVER_TIMEOUT = Duration.ofMinutes(5);

    /// Long enough for some hundred transactions on the new server.
    private static final Duration AFTERWARDS = Duration.ofSeconds(2);

    private final DemoOptions options;
    private final DemoFolder folder;
    private final Map<String, String> environment;
    private final DemoControl control = new DemoControl(this::beforeCutover);

    private ProgressListener screen = event -> {};
    private @Nullable Stage stage;
    private volatile Optional<Duration> writeDowntime = Optional.empty();
    private List<String> migrationSummary = List.of();

    Demo(DemoOptions options, DemoFolder folder, Map<String, String> environment) {
        this.options = options;
        this.folder = folder;
        // The operator's own connection settings are not for these servers.
        this.environment = environment.entrySet().stream()
                .filter(variable ->
                        !variable.getKey().startsWith("PG") || variable.getKey().startsWith("PG_MIGRATOR_"))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    DemoControl control() {
        return control;
    }

    /// Plays all scenes.
    ///
    /// @param operator whether somebody is there to press Ctrl+C for the cutover
    /// @throws MigrationException if the migration fails, a row differs, or the demo was told to stop
    void run(ProgressListener listener, boolean operator) throws InterruptedException {
        screen = listener;
        try {
            Majors majors = Majors.choose(options.sourceMajor(), options.targetMajor(), environment);
            tell("Demo: the database of a shop moves from PostgreSQL " + majors.source() + " to PostgreSQL "
                    + majors.target() + " while its application goes on writing.");
            tell("Starting two throw-away servers on this machine. Nothing else is touched, nothing is left behind.");
            try (Stage opened = Stage.open(majors.source(), majors.target(), folder.programs())) {
                stage = opened;
                play(opened, operator);
            }
        } catch (SandboxException | InterruptedException e) {
            control.requireNotStopped();
            throw e;
        }
    }

    private void play(Stage scene, boolean operator) throws InterruptedException {
        control.requireNotStopped();
        tell("Source on port " + scene.sourcePort() + ", target on port " + scene.targetPort()
                + ". Filling the source.");
        long rows = scene.fill(options.customers());
        control.requireNotStopped();
        scene.startWriting(CLIENTS, options.rate());
        tell("The shop has " + Wording.count(rows) + " rows. Its application starts: " + CLIENTS + " sessions, "
                + rate() + ".");
        migrate(scene, operator);
        WorkloadTotals written = scene.stopWriting();
        tell("Comparing every row and every sequence of both databases.");
        ComparisonResult comparison = scene.compare();
        control.requireNotStopped();
        requireEqual(comparison);
        WorkloadTotals afterwards = scene.writeToTarget(CLIENTS, options.rate(), AFTERWARDS);
        control.requireNotStopped();
        requireAccepted(afterwards);
        screen.on(new ProgressEvent.Complete(summary(rows, written, comparison, afterwards)));
    }

    private void migrate(Stage scene, boolean operator) {
        try (AutomaticCutover automatic = new AutomaticCutover(options.pause(), control::cutOver)) {
            ProgressListener watched = event -> watch(event, operator, automatic);
            control.during(() -> new Migration(
                            config(scene), environment, watched, (question, details) -> true, control.migration())
                    .run());
        }
    }

    /// Called from the migration's threads.
    private void watch(ProgressEvent event, boolean operator, AutomaticCutover automatic) {
        if (event instanceof ProgressEvent.Complete complete) {
            migrationSummary = complete.summary();
            return;
        }
        if (event instanceof ProgressEvent.CutoverComplete cutover) {
            writeDowntime = cutover.writeDowntime();
        }
        screen.on(event);
        if (event instanceof ProgressEvent.PhaseStarted started && started.phase() == Phase.STREAM_APPLY) {
            Objects.requireNonNull(stage).copyIsDone();
            if (!operator) {
                automatic.streaming();
            }
        }
        if (event instanceof ProgressEvent.CaughtUp) {
            if (operator) {
                tell(
                        "Your turn: press Ctrl+C when you like. The cutover follows, and the application need not be stopped "
                                + "for it.");
            } else {
                tell("Cutting over without an operator in " + options.pause().toSeconds() + " s.");
                automatic.caughtUp();
            }
        }
    }

    private void beforeCutover() {
        Stage scene = stage;
        if (scene == null) {
            return;
        }
        if (options.rate() == 0) {
            tell("An application as fast as it can be may be faster than any target: it stops for the cutover.");
            tell("The application has stopped: " + scene.stopWriting() + ".");
        } else {
            tell(
                    "The application goes on writing: it waits while the source is locked, and is refused once it is closed.");
        }
    }

    private MigrationConfig config(Stage scene) {
        return new MigrationConfig(
                new Secret(scene.sourceUri()),
                new Secret(scene.targetUri()),
                MigrationConfig.Mode.ONLINE,
                new ReplicationConfig(
                        ReplicationConfig.DEFAULT_SLOT_NAME,
                        Optional.empty(),
                        ReplicationConfig.DEFAULT_SUBSCRIPTION_NAME,
                        ReplicationConfig.WithoutIdentity.FAIL,
                        ReplicationConfig.DEFAULT_MAX_OUTAGE),
                ApplyConfig.DEFAULT,
                new CopyConfig(
                        CopyConfig.DEFAULT_JOBS,
                        false,
                        false,
                        false,
                        false,
                        Optional.empty(),
                        Optional.of(folder.dump())),
                FilterConfig.EVERYTHING,
                new LagConfig(LAG_THRESHOLD_BYTES, HEARTBEAT),
                new CutoverConfig(
                        false,
                        0,
                        CUTOVER_TIMEOUT,
                        CutoverConfig.When.OPERATOR,
                        SourceLockConfig.DEFAULT,
                        CutoverConfig.DEFAULT_VERIFY),
                false,
                true);
    }

    private static void requireEqual(ComparisonResult comparison) {
        if (!comparison.isEqual()) {
            throw new MigrationException(
                    Failure.of(FailureKind.VERIFICATION_MISMATCH, "Source and target differ.", comparison.toString()));
        }
    }

    /// Sequences that were left behind would refuse every new order, a third of the transactions. A few refusals are
    /// the
    /// application's own: two of its sessions now and then renumber the same order.
    private static void requireAccepted(WorkloadTotals afterwards) {
        if (afterwards.committed() == 0 || 10 * afterwards.refusedCount() > afterwards.committed()) {
            throw new MigrationException(Failure.of(
                    FailureKind.VERIFICATION_MISMATCH,
                    "The application cannot go on as before on the target.",
                    afterwards.toString()));
        }
    }

    private List<String> summary(
            long rows, WorkloadTotals written, ComparisonResult comparison, WorkloadTotals afterwards) {
        List<String> facts = new ArrayList<>(migrationSummary);
        facts.add("rows before the migration    " + Wording.count(rows));
        // What the source said when it was closed has more than one line.
        facts.add("written while it ran         "
                + written.toString().lines().findFirst().orElse(""));
        facts.add("rows and sequences compared  " + comparison);
        writeDowntime.ifPresent(time -> facts.add("write downtime               " + Wording.duration(time)
                + " (from the first lock on the source to the open target)"));
        facts.add("the application on target    " + afterwards);
        return facts;
    }

    private String rate() {
        return options.rate() == 0
                ? "as many transactions a second as it can"
                : options.rate() + " transactions a second";
    }

    private void tell(String text) {
        screen.on(new ProgressEvent.Notice(text));
    }
}
