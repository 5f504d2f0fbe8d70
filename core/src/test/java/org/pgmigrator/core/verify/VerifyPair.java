package org.pgmigrator.core.verify;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.config.VerifyConfig;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressEvent.VerifyResult;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Two databases for one test, which fills them as it likes, and the comparison between them.
final class VerifyPair {

    static final Duration LIMIT = Duration.ofMinutes(2);

    private static final AtomicInteger COUNTER = new AtomicInteger();

    final PostgresServer sourceServer;
    final PostgresServer targetServer;
    final String name = "v" + COUNTER.incrementAndGet();
    final List<ProgressEvent> events = Collections.synchronizedList(new ArrayList<>());

    FilterConfig filter = FilterConfig.EVERYTHING;
    VerifyConfig config = VerifyConfig.DEFAULT;

    VerifyPair(PostgresServer sourceServer, PostgresServer targetServer) throws SQLException {
        this.sourceServer = sourceServer;
        this.targetServer = targetServer;
        sourceServer.createDatabase(name);
        targetServer.createDatabase(name);
    }

    void onSource(String... statements) throws SQLException {
        sourceServer.execute(name, statements);
    }

    void onTarget(String... statements) throws SQLException {
        targetServer.execute(name, statements);
    }

    void onBoth(String... statements) throws SQLException {
        onSource(statements);
        onTarget(statements);
    }

    Database source() {
        return Database.parse(Side.SOURCE, new Secret(sourceServer.uri(name)), Map.of());
    }

    Database target() {
        return Database.parse(Side.TARGET, new Secret(targetServer.uri(name)), Map.of());
    }

    Verification open() {
        return Verification.open(source(), target(), filter, config, events::add);
    }

    VerifyReport compare(VerifyLevel level) throws InterruptedException, TimeoutException {
        try (Verification verification = open()) {
            return verification.run(level, table -> true, LIMIT);
        }
    }

    VerifyReport compareContent() throws InterruptedException, TimeoutException {
        return compare(VerifyLevel.CONTENT);
    }

    /// The only thing that differs.
    VerifyResult onlyDifference(VerifyLevel level) throws InterruptedException, TimeoutException {
        List<VerifyResult> differing = compare(level).differing();
        if (differing.size() != 1) {
            throw new AssertionError("expected one difference, found " + differing);
        }
        return differing.getFirst();
    }

    /// What was found of one table.
    static Optional<VerifyResult> of(VerifyReport report, String table) {
        return report.results().stream()
                .filter(result -> result.object().equals(table))
                .findFirst();
    }
}
