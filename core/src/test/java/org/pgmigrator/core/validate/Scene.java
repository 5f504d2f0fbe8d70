package org.pgmigrator.core.validate;

import java.net.URI;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.MigrationConfig.Mode;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.ReplicationConfig;
import org.pgmigrator.core.config.ReplicationConfig.WithoutIdentity;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.config.SlotRetention;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.ProgressEvent.Finding;
import org.pgmigrator.core.progress.ProgressEvent.Finding.Severity;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Two databases of one test, and the checks run on them with whatever the test sets.
final class Scene {

    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final String ROLE_PASSWORD = "least";

    private final PostgresServer sourceServer;
    private final PostgresServer targetServer;
    final String database;

    Mode mode = Mode.ONLINE;
    WithoutIdentity withoutIdentity = WithoutIdentity.FAIL;
    Optional<String> publication = Optional.empty();
    FilterConfig filter = FilterConfig.EVERYTHING;
    boolean resume;
    SlotRetention retention = SlotRetention.UNLIMITED;
    Optional<SourceLockConfig.Mode> sourceLock = Optional.empty();
    boolean dropTargetFirst;
    boolean noOwner;
    boolean noAcl;
    int jobs = 2;
    Optional<Path> pgBindir = Optional.empty();
    String sourceUri;
    String targetUri;
    final String slot;

    Scene(PostgresServer sourceServer, PostgresServer targetServer) throws SQLException {
        this(sourceServer, "", targetServer, "");
    }

    /// @param sourceOptions what follows `CREATE DATABASE` on the source
    /// @param targetOptions what follows `CREATE DATABASE` on the target
    Scene(PostgresServer sourceServer, String sourceOptions, PostgresServer targetServer, String targetOptions)
            throws SQLException {
        this.sourceServer = sourceServer;
        this.targetServer = targetServer;
        int number = NUMBER.incrementAndGet();
        this.database = "scene_" + number;
        this.slot = "slot_" + number;
        String targetDatabase = database + "_target";
        sourceServer.execute("postgres", "CREATE DATABASE " + database + " " + sourceOptions);
        targetServer.execute("postgres", "CREATE DATABASE " + targetDatabase + " " + targetOptions);
        this.sourceUri = sourceServer.uri(database);
        this.targetUri = targetServer.uri(targetDatabase);
    }

    String targetDatabase() {
        return database + "_target";
    }

    void source(String... sql) throws SQLException {
        sourceServer.execute(database, sql);
    }

    void target(String... sql) throws SQLException {
        targetServer.execute(targetDatabase(), sql);
    }

    String sourceValue(String query) throws SQLException {
        return sourceServer.value(database, query);
    }

    /// Makes a role on the source and connects as it from now on.
    void sourceRole(String role, String attributes) throws SQLException {
        sourceServer.execute(
                "postgres", "CREATE ROLE " + role + " LOGIN PASSWORD '" + ROLE_PASSWORD + "' " + attributes);
        sourceUri = as(role, sourceServer, database);
    }

    void targetRole(String role, String attributes) throws SQLException {
        targetServer.execute(
                "postgres", "CREATE ROLE " + role + " LOGIN PASSWORD '" + ROLE_PASSWORD + "' " + attributes);
        targetUri = as(role, targetServer, targetDatabase());
    }

    private static String as(String role, PostgresServer server, String database) {
        return URI.create("postgresql://" + role + ":" + ROLE_PASSWORD + "@" + server.host() + ":" + server.port() + "/"
                        + database)
                .toString();
    }

    void includeTables(QualifiedName... tables) {
        filter = new FilterConfig(List.of(), List.of(), List.of(tables), List.of());
    }

    Result run() throws InterruptedException {
        Validate validate = new Validate(
                mode,
                new ReplicationConfig(slot, publication, "pg_migrator", withoutIdentity, Duration.ZERO, retention),
                new CopyConfig(jobs, dropTargetFirst, false, noOwner, noAcl, pgBindir, Optional.empty()),
                filter,
                resume,
                sourceLock,
                Optional.empty(),
                Database.parse(Side.SOURCE, new Secret(sourceUri), Map.of()),
                Database.parse(Side.TARGET, new Secret(targetUri), Map.of()),
                System.getenv());
        return new Result(validate.run());
    }

    /// Runs the remedies that are SQL, each in a transaction of its own.
    void remedyOnSource(List<Finding> findings) throws SQLException {
        source(sql(findings));
    }

    void remedyOnTarget(List<Finding> findings) throws SQLException {
        target(sql(findings));
    }

    private static String[] sql(List<Finding> findings) {
        return findings.stream()
                .flatMap(finding -> finding.remedy().stream())
                .filter(remedy -> remedy.endsWith(";"))
                .distinct()
                .toArray(String[]::new);
    }

    /// What was found, for assertions.
    record Result(ValidationReport report) {

        List<Finding> of(String check) {
            return report.findings().stream()
                    .filter(finding -> finding.check().equals(check))
                    .toList();
        }

        List<Finding> errors(String check) {
            return with(check, Severity.ERROR);
        }

        List<Finding> warnings(String check) {
            return with(check, Severity.WARNING);
        }

        private List<Finding> with(String check, Severity severity) {
            return of(check).stream()
                    .filter(finding -> finding.severity() == severity)
                    .toList();
        }

        /// The only error of `check`.
        Finding error(String check) {
            return only(errors(check), check);
        }

        /// The only warning of `check`.
        Finding warning(String check) {
            return only(warnings(check), check);
        }

        private Finding only(List<Finding> found, String check) {
            if (found.size() != 1) {
                throw new AssertionError(
                        "expected one finding of " + check + ", got " + found + " among " + report.findings());
            }
            return found.getFirst();
        }

        /// The checks that refuse.
        List<String> refusing() {
            return report.errors().stream().map(Finding::check).distinct().toList();
        }
    }
}
