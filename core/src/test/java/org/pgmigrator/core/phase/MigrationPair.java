package org.pgmigrator.core.phase;

import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.config.CutoverConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.LagConfig;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.ReplicationConfig;
import org.pgmigrator.core.config.ReplicationConfig.WithoutIdentity;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Two databases for one test, and a whole migration between them that cuts over by itself.
///
/// The test is called at every event, on the migration's own thread, and so can do something exactly between two steps.
final class MigrationPair {

    private static final AtomicInteger COUNTER = new AtomicInteger();

    final PostgresServer sourceServer;
    final PostgresServer targetServer;
    final String name = "m" + COUNTER.incrementAndGet();
    final List<ProgressEvent> events = Collections.synchronizedList(new ArrayList<>());

    final List<String> agreedTo = new ArrayList<>();

    FilterConfig filter = FilterConfig.EVERYTHING;
    WithoutIdentity withoutIdentity = WithoutIdentity.FAIL;
    MigrationConfig.Mode mode = MigrationConfig.Mode.ONLINE;
    CutoverConfig.When when = CutoverConfig.When.CAUGHT_UP;
    SourceLockConfig sourceLock = SourceLockConfig.DEFAULT;
    VerifyLevel verify = CutoverConfig.DEFAULT_VERIFY;
    long sequenceBuffer;
    boolean resume;
    boolean keepSubscription;
    Duration timeout = Duration.ofSeconds(30);
    OperatorControl control = new OperatorControl();
    Hook hook = event -> {};

    private final Path workDir;

    /// What a test does at an event.
    @FunctionalInterface
    interface Hook {
        void at(ProgressEvent event) throws SQLException;
    }

    /// The end of the process at this very place: nothing of the program handles it.
    static final class Killed extends Error {
        private static final long serialVersionUID = 1;
    }

    MigrationPair(PostgresServer sourceServer, PostgresServer targetServer, Path workDir) throws SQLException {
        this.sourceServer = sourceServer;
        this.targetServer = targetServer;
        this.workDir = workDir;
        sourceServer.createDatabase(name);
        targetServer.createDatabase(name);
    }

    void onSource(String... statements) throws SQLException {
        sourceServer.execute(name, statements);
    }

    void onTarget(String... statements) throws SQLException {
        targetServer.execute(name, statements);
    }

    String sourceValue(String query) throws SQLException {
        return sourceServer.value(name, query);
    }

    String targetValue(String query) throws SQLException {
        return targetServer.value(name, query);
    }

    static boolean isPhase(ProgressEvent event, Phase phase) {
        return event instanceof ProgressEvent.PhaseStarted started && started.phase() == phase;
    }

    static boolean isStep(ProgressEvent event, String step) {
        return event instanceof ProgressEvent.CutoverStep done && done.step().equals(step);
    }

    /// Slots and publications of this pair that are left on the source.
    String leftOnSource() throws SQLException {
        return sourceValue("select (select count(*) from pg_replication_slots where database = '" + name
                + "') || ' slots, ' || (select count(*) from pg_publication) || ' publications'");
    }

    void migrate() {
        MigrationConfig config = new MigrationConfig(
                new Secret(sourceServer.uri(name)),
                new Secret(targetServer.uri(name)),
                mode,
                new ReplicationConfig(name, Optional.empty(), "it", withoutIdentity, Duration.ZERO),
                ApplyConfig.DEFAULT,
                new CopyConfig(1, false, false, false, false, Optional.empty(), Optional.of(workDir)),
                filter,
                new LagConfig(LagConfig.DEFAULT_THRESHOLD_BYTES, Duration.ofMillis(200)),
                new CutoverConfig(keepSubscription, sequenceBuffer, timeout, when, sourceLock, verify),
                resume,
                true);
        new Migration(config, Map.of("PATH", System.getenv("PATH")), this::on, (question, details) -> true, control)
                .run();
    }

    private void on(ProgressEvent event) {
        events.add(event);
        try {
            hook.at(event);
        } catch (SQLException broken) {
            throw new AssertionError(broken);
        }
    }
}
