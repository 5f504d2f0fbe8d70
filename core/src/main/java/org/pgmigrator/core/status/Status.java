package org.pgmigrator.core.status;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.apply.Lease;
import org.pgmigrator.core.apply.Progress;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SessionEnd;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.state.Bulletin;
import org.pgmigrator.core.state.CopyRecord;
import org.pgmigrator.core.state.HolderRecord;
import org.pgmigrator.core.state.MigrationRecord;
import org.pgmigrator.core.state.SourceServer;
import org.pgmigrator.core.state.SpoolRecord;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.decoder.Lsn;

/// Looks at a migration from outside, running or stopped, again and again: read only, and without its lease.
///
/// Keeps a session on each side between two looks. Not thread-safe.
public final class Status implements AutoCloseable {

    private static final Session SESSION = Session.named("status").with("default_transaction_read_only", "on");
    private static final Duration RATE_SPAN = Duration.ofSeconds(1);
    private static final int ALIVE_SECONDS = 5;

    private final Database source;
    private final Database target;
    private final String subscription;
    private @Nullable Connection sourceSession;
    private @Nullable Connection targetSession;
    private @Nullable Positions before;

    public Status(Database source, Database target, String subscription) {
        this.source = source;
        this.target = target;
        this.subscription = subscription;
    }

    private record Positions(long nanos, Lsn written, Lsn applied) {}

    /// Looks. The first look at a migration that streams takes a second, because a rate needs two.
    ///
    /// @throws MigrationException only of the target's kinds: of a source that can't be asked it says so in the report
    public StatusReport look() throws InterruptedException {
        StatusReport first = lookOnce();
        if (first.rates().isPresent() || before == null) {
            return first;
        }
        Thread.sleep(RATE_SPAN);
        return lookOnce();
    }

    private StatusReport lookOnce() {
        try {
            return lookAtTarget();
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The migration's state on the target could not be read.", refusal);
        }
    }

    private StatusReport lookAtTarget() throws SQLException {
        try {
            Connection connection = session(target, targetSession);
            targetSession = connection;
            List<String> names = MigrationRecord.names(connection);
            Optional<MigrationRecord> migration = MigrationRecord.read(connection, subscription);
            if (migration.isEmpty()) {
                before = null;
                return StatusJudgement.none(subscription, names);
            }
            return look(connection, names, migration.get());
        } catch (SQLException refusal) {
            if (!SqlState.UNDEFINED_TABLE.equals(refusal.getSQLState())) {
                throw refusal;
            }
            // It came to its end while it was looked at.
            before = null;
            return StatusJudgement.none(subscription, List.of());
        }
    }

    private StatusReport look(Connection connection, List<String> names, MigrationRecord migration)
            throws SQLException {
        Optional<StatusReport.Worker> worker = Lease.holder(connection, StateStore.leaseName(subscription))
                .map(holder -> new StatusReport.Worker(holder.pid(), holder.address(), holder.since()));
        Instant now = now(connection);
        Optional<Bulletin> bulletin = Bulletin.read(connection, subscription);
        List<StatusReport.Lane> lanes = Progress.readLanes(connection, subscription).stream()
                .map(row -> new StatusReport.Lane(row.applied(), row.confirmable()))
                .toList();
        // The process's account is older than the rows: what is on the target was received since.
        Lsn applied = lanes.stream()
                .map(StatusReport.Lane::applied)
                .min(Lsn::compareTo)
                .orElse(Lsn.INVALID);
        Optional<StatusReport.Account> account = bulletin.map(news -> account(news, now, applied));
        Optional<StatusReport.SourceSide> sourceSide = Optional.empty();
        String unknown = "";
        try {
            sourceSide = Optional.of(lookAtSource(migration));
        } catch (MigrationException unreachable) {
            unknown = unreachable.failure().what() + " " + unreachable.failure().why();
        }
        StatusReport facts = new StatusReport(
                subscription,
                names,
                Optional.of(StatusJudgement.migration(migration, worker, account)),
                worker,
                account,
                lanes,
                SpoolRecord.read(connection, subscription)
                        .map(spool -> new StatusReport.Spool(
                                spool.host(),
                                spool.directory(),
                                spool.confirmedUpto(),
                                spool.bytes(),
                                spool.limitBytes())),
                copy(connection, migration),
                sourceSide,
                unknown.strip(),
                Optional.empty(),
                new StatusReport.Verdict(false, ""),
                List.of());
        return StatusJudgement.complete(facts, rates(facts));
    }

    /// The holder counts only if the source has its session, which was looked at just before.
    private Optional<StatusReport.Copy> copy(Connection connection, MigrationRecord migration) throws SQLException {
        Optional<CopyRecord> copy = CopyRecord.read(connection, subscription);
        if (copy.isEmpty() || migration.phase().compareTo(Phase.STREAM_APPLY) >= 0) {
            return Optional.empty();
        }
        CopyRecord record = copy.get();
        CopyRecord.Parts parts = CopyRecord.parts(connection, subscription);
        return Optional.of(new StatusReport.Copy(
                record.step().words(),
                parts.done().size(),
                parts.plan().size(),
                record.step().needsSnapshot(),
                HolderRecord.read(connection, subscription)
                        .filter(holder ->
                                holder.consistentPoint().equals(record.slot().consistentPoint()) && isAlive(holder))
                        .map(holder -> "process " + holder.processId() + " on " + holder.host()),
                record.began()));
    }

    private boolean isAlive(HolderRecord holder) {
        Connection connection = sourceSession;
        try {
            return connection != null && holder.isAlive(connection);
        } catch (SQLException lost) {
            return false;
        }
    }

    private StatusReport.SourceSide lookAtSource(MigrationRecord migration) {
        try {
            Connection connection = session(source, sourceSession);
            sourceSession = connection;
            migration.origin().source().requireGiven(SourceServer.read(connection));
            return SourceGlance.take(connection, migration);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The source could not be looked at.", refusal);
        }
    }

    private Optional<StatusReport.Rates> rates(StatusReport facts) {
        Positions earlier = before;
        before = facts.source().isEmpty() || facts.leastLane().isEmpty()
                ? null
                : new Positions(
                        System.nanoTime(),
                        facts.source().get().flushed(),
                        facts.leastLane().get().applied());
        Positions now = before;
        if (earlier == null || now == null) {
            return Optional.empty();
        }
        Duration over = Duration.ofNanos(now.nanos() - earlier.nanos());
        double seconds = Math.max(over.toNanos() / 1e9, 1e-3);
        return Optional.of(new StatusReport.Rates(
                Math.max(0, now.written().bytesSince(earlier.written())) / seconds,
                Math.max(0, now.applied().bytesSince(earlier.applied())) / seconds,
                over));
    }

    private static StatusReport.Account account(Bulletin bulletin, Instant now, Lsn applied) {
        Optional<Bulletin.LagNews> lag = bulletin.lag();
        return new StatusReport.Account(
                bulletin.process().host(),
                bulletin.process().processId(),
                bulletin.process().apply(),
                bulletin.apply().wireFormat(),
                bulletin.apply().formatReason(),
                bulletin.apply().inOrder(),
                bulletin.apply().fallbacks(),
                bulletin.phase(),
                bulletin.detail(),
                bulletin.onInterrupt(),
                age(bulletin.writtenAt(), now),
                lag.map(Bulletin.LagNews::received).map(applied::max),
                lag.map(news -> OptionalLong.of(news.bytes())).orElse(OptionalLong.empty()),
                lag.map(Bulletin.LagNews::seconds).orElse(OptionalDouble.empty()),
                lag.map(news -> OptionalDouble.of(news.changesPerSecond())).orElse(OptionalDouble.empty()),
                bulletin.lagAt().map(at -> age(at, now)),
                bulletin.copy()
                        .map(copy -> new StatusReport.Copied(
                                copy.objectsDone(), copy.objectsTotal(), copy.bytesDone(), copy.bytesTotal())),
                bulletin.warning(),
                bulletin.ending());
    }

    /// By the target's clock alone. If that was set back meanwhile, what was written before does not count as new.
    private static Duration age(Instant then, Instant now) {
        return Duration.between(then, now).abs();
    }

    private static Instant now(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select clock_timestamp()")) {
            row.next();
            return row.getObject(1, OffsetDateTime.class).toInstant();
        }
    }

    /// The kept session if it answers, else a new one.
    private static Connection session(Database database, @Nullable Connection kept) throws SQLException {
        if (kept != null && kept.isValid(ALIVE_SECONDS)) {
            return kept;
        }
        SessionEnd.close(kept);
        return database.connect(SESSION);
    }

    @Override
    public void close() {
        SessionEnd.close(sourceSession);
        SessionEnd.close(targetSession);
    }
}
