package org.pgmigrator.core.validate;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.MigrationConfig.Mode;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.ReplicationConfig;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.config.SpoolConfig;
import org.pgmigrator.core.copy.ClientTools;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.CatalogTable.ColumnIdentity;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent.Finding;
import org.pgmigrator.core.progress.ProgressEvent.Finding.Severity;
import org.pgmigrator.core.validate.Validated.AlwaysIdentity;
import org.pgmigrator.core.validate.Validated.SourceFacts;
import org.pgmigrator.core.validate.Validated.TargetFacts;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// All checks before a migration. Changes nothing on either side, and reports everything at once: when one side cannot
/// be reached, the other's checks are made all the same. Used by one thread.
public final class Validate {

    private static final Logger LOG = LoggerFactory.getLogger(Validate.class);

    private static final List<Check<SourceView>> SOURCE_CHECKS = Stream.of(
                    SourceServerChecks.all(),
                    SlotRetentionChecks.all(),
                    SourceCapacityChecks.all(),
                    FilterChecks.all(),
                    SourcePrivilegeChecks.all(),
                    ReplicaIdentityCheck.all(),
                    UserPublicationCheck.all(),
                    SourceLeftoverChecks.all(),
                    BlockingTransactionChecks.all(),
                    NotStreamedChecks.all(),
                    SourceObjectChecks.all(),
                    SourceLockChecks.all())
            .flatMap(List::stream)
            .toList();

    private static final List<Check<TargetView>> TARGET_CHECKS = Stream.of(
                    TargetServerChecks.all(), TargetContentCheck.all())
            .flatMap(List::stream)
            .toList();

    private static final List<Check<PairView>> PAIR_CHECKS = Stream.of(PairChecks.all(), PairObjectChecks.all())
            .flatMap(List::stream)
            .toList();

    private final Request request;
    private final Optional<SpoolConfig> spool;
    private final Database source;
    private final Database target;
    private final Map<String, String> environment;
    private final List<Finding> findings = new ArrayList<>();

    /// @param resume      a migration that was stopped goes on: what it left is expected, not refused
    /// @param environment the process's, for the search of pg_dump and pg_restore
    public Validate(
            Mode mode,
            ReplicationConfig replication,
            CopyConfig copy,
            FilterConfig filter,
            boolean resume,
            Database source,
            Database target,
            Map<String, String> environment) {
        this(mode, replication, copy, filter, resume, Optional.empty(), Optional.empty(), source, target, environment);
    }

    /// @param resume      a migration that was stopped goes on: what it left is expected, not refused
    /// @param sourceLock  what will keep writes away at the cutover; empty if nothing of it is to be checked
    /// @param spool       where changes will be received to, if they are
    /// @param environment the process's, for the search of pg_dump and pg_restore
    public Validate(
            Mode mode,
            ReplicationConfig replication,
            CopyConfig copy,
            FilterConfig filter,
            boolean resume,
            Optional<SourceLockConfig.Mode> sourceLock,
            Optional<SpoolConfig> spool,
            Database source,
            Database target,
            Map<String, String> environment) {
        this.request = new Request(mode, replication, copy, filter, resume, sourceLock);
        this.spool = mode == Mode.ONLINE ? spool : Optional.empty();
        this.source = source;
        this.target = target;
        this.environment = Map.copyOf(environment);
    }

    /// Makes every check. A failure is a finding, never an exception.
    ///
    /// @throws InterruptedException if the operator wants to stop; nothing is left behind then either
    public ValidationReport run() throws InterruptedException {
        findings.clear();
        Optional<Connection> sourceSession = connect(source);
        Optional<Connection> targetSession = connect(target);
        try {
            Optional<SourceView> sourceView = sourceSession.flatMap(this::sourceView);
            Optional<TargetView> targetView = targetSession.flatMap(this::targetView);
            if (sourceView.isPresent()) {
                ask(SOURCE_CHECKS, sourceView.get(), source.side().word(), sourceSession.stream());
            }
            if (targetView.isPresent()) {
                ask(TARGET_CHECKS, targetView.get(), target.side().word(), targetSession.stream());
            }
            Optional<PairView> pair = sourceView.flatMap(s -> targetView.map(t -> new PairView(s, t)));
            if (pair.isPresent()) {
                ask(
                        PAIR_CHECKS,
                        pair.get(),
                        "source and target",
                        Stream.concat(sourceSession.stream(), targetSession.stream()));
            }
            lookAtSpool();
            Optional<ClientTools> tools = clientTools(sourceView, targetView);
            return new ValidationReport(findings, pair.isPresent() ? proved(pair.get(), tools) : Optional.empty());
        } finally {
            sourceSession.ifPresent(Validate::close);
            targetSession.ifPresent(Validate::close);
        }
    }

    private Optional<Connection> connect(Database database) {
        Findings found = new Findings(database.side().word() + "-connection");
        database.warnings()
                .forEach(warning -> found.warning(
                        warning, "It is part of the connection string or the environment, and has no effect here."));
        Optional<Connection> session = Optional.empty();
        try {
            session = Optional.of(ProbedSide.open(database));
            found.ok("The " + database.side().word() + " answers: " + database.describe() + ".");
        } catch (MigrationException e) {
            Failure failure = e.failure();
            found.error(failure.what(), failure.why(), failure.remedy());
        }
        findings.addAll(found.all());
        return session;
    }

    private Optional<SourceView> sourceView(Connection session) {
        Findings found = new Findings("source-catalog");
        try {
            ServerFacts server = ServerFacts.read(session);
            if (SourceServerChecks.isTooOld(server.major(), found)) {
                return Optional.empty();
            }
            List<CatalogTable> tables = Catalog.tables(session);
            WalsenderProbe walsender = request.online() ? WalsenderProbe.of(source) : new WalsenderProbe.NotTried();
            CarryPlan plan =
                    CarryPlan.of(tables, request.filter(), request.replication().withoutIdentity(), server.major());
            List<QualifiedName> sequences = CarriedSequences.read(session, request.filter(), plan.carried());
            return Optional.of(new SourceView(session, server, request, walsender, tables, plan, sequences));
        } catch (SQLException e) {
            unanswered(found, source.side().word(), e);
            return Optional.empty();
        } finally {
            ProbedSide.rollback(List.of(session));
            findings.addAll(found.all());
        }
    }

    private Optional<TargetView> targetView(Connection session) {
        Findings found = new Findings("target-catalog");
        try {
            return Optional.of(new TargetView(session, ServerFacts.read(session), request));
        } catch (SQLException e) {
            unanswered(found, target.side().word(), e);
            return Optional.empty();
        } finally {
            ProbedSide.rollback(List.of(session));
            findings.addAll(found.all());
        }
    }

    private <V> void ask(List<Check<V>> checks, V view, String where, Stream<Connection> sessions)
            throws InterruptedException {
        List<Connection> connections = sessions.toList();
        for (Check<V> check : checks) {
            if (Thread.interrupted()) {
                throw new InterruptedException("stopped during the checks");
            }
            Findings found = new Findings(check.name());
            try {
                check.question().ask(view, found);
            } catch (SQLException e) {
                unanswered(found, where, e);
            } finally {
                findings.addAll(found.all());
            }
            if (!ProbedSide.rollback(connections)) {
                LOG.warn("checks ended early, session lost after check={}", check.name());
                Findings lost = new Findings(check.name());
                lost.error(
                        "The session with the " + where + " was lost during the checks.",
                        "The checks after this one were not made.",
                        "Run the command again.");
                findings.addAll(lost.all());
                return;
            }
        }
    }

    /// A question without an answer is no "yes".
    private static void unanswered(Findings found, String where, SQLException e) {
        String why = SqlState.serverWords(e);
        if (SqlState.LOCK_NOT_AVAILABLE.equals(e.getSQLState()) || SqlState.QUERY_CANCELED.equals(e.getSQLState())) {
            found.error(
                    "This check could not be made on the " + where + " in time.",
                    why,
                    "Find who holds the lock: SELECT pid, relation::regclass FROM pg_locks WHERE granted AND mode ="
                            + " 'AccessExclusiveLock'",
                    "Wait for its end, and run the command again.");
        } else {
            found.error(
                    "This check could not be made on the " + where + ".",
                    why,
                    "Read the server's message above and its server log.");
        }
    }

    private void lookAtSpool() {
        Findings found = new Findings(SpoolCheck.NAME);
        spool.ifPresent(wanted -> SpoolCheck.look(wanted, request.resume(), found));
        findings.addAll(found.all());
    }

    /// With one side known alone, the tools are judged by that one.
    private Optional<ClientTools> clientTools(Optional<SourceView> sourceView, Optional<TargetView> targetView)
            throws InterruptedException {
        if (sourceView.isEmpty()) {
            return Optional.empty();
        }
        int sourceMajor = sourceView.get().major();
        int targetMajor = targetView.map(view -> view.server().major()).orElse(sourceMajor);
        Findings found = new Findings(ClientToolsCheck.NAME);
        try {
            return ClientToolsCheck.choose(sourceMajor, targetMajor, request.copy(), environment, found);
        } finally {
            findings.addAll(found.all());
        }
    }

    private Optional<Validated> proved(PairView pair, Optional<ClientTools> tools) {
        if (tools.isEmpty() || findings.stream().anyMatch(finding -> finding.severity() == Severity.ERROR)) {
            return Optional.empty();
        }
        Findings found = new Findings("facts");
        try {
            return Optional.of(new Validated(sourceFacts(pair.source()), targetFacts(pair.target()), tools.get()));
        } catch (SQLException e) {
            unanswered(found, "source and target", e);
            return Optional.empty();
        } finally {
            ProbedSide.rollback(
                    List.of(pair.source().connection(), pair.target().connection()));
            findings.addAll(found.all());
        }
    }

    private static SourceFacts sourceFacts(SourceView view) throws SQLException {
        ServerFacts server = view.server();
        CarryPlan plan = view.plan();
        List<AlwaysIdentity> always = plan.carried().stream()
                .flatMap(table -> table.columns().stream()
                        .filter(column -> column.identity() == ColumnIdentity.ALWAYS)
                        .map(column -> new AlwaysIdentity(table.name(), column.name())))
                .toList();
        boolean streams = view.walsender() instanceof WalsenderProbe.Works;
        WalsenderProbe.Works works =
                view.walsender() instanceof WalsenderProbe.Works answered ? answered : new WalsenderProbe.Works("", 0);
        return new SourceFacts(
                server.versionNum(),
                server.major(),
                streams ? Optional.of(works.systemIdentifier()) : server.systemIdentifier(),
                streams ? works.timeline() : server.timeline(),
                server.database(),
                server.role(),
                plan.carried(),
                plan.streamed(),
                plan.unlogged(),
                plan.published(),
                plan.insertOnly(),
                plan.withoutIdentity(),
                view.sequences(),
                always,
                Query.number(view.connection(), "select count(*) from pg_largeobject_metadata"));
    }

    private static TargetFacts targetFacts(TargetView view) throws SQLException {
        ServerFacts server = view.server();
        boolean mayClose = TargetServerChecks.mayClose(view);
        return new TargetFacts(
                server.versionNum(),
                server.major(),
                server.database(),
                server.role(),
                TargetServerChecks.mayReplicate(view),
                mayClose);
    }

    private static void close(Connection session) {
        try {
            session.close();
        } catch (SQLException e) {
            LOG.debug("session of the checks did not close cleanly reason={}", e.getMessage());
        }
    }
}
