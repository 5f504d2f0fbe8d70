package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SqlState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Empties the target in the range of a filter: for `--drop-target-first`, and to remove a copy that was given up.
///
/// Everything but large objects goes in one transaction, so that a refusal leaves the target as it was. What another
/// role owns stays. Under a filter, what is not carried must survive: the transaction is rolled back if anything of it
/// would go by a CASCADE. pg-migrator's own schema is not touched.
public final class TargetCleaner {

    private static final Logger LOG = LoggerFactory.getLogger(TargetCleaner.class);

    private static final String LOCK_TIMEOUT = "30s";

    /// Each large object takes a lock to the end of its transaction.
    private static final String UNLINK_SOME = """
            select count(lo_unlink(oid)) from (
              select oid from pg_largeobject_metadata where pg_has_role(lomowner, 'USAGE') limit 1000) batch
            """;

    private static final String BOOTSTRAP_SUPERUSER = "select rolname from pg_roles where oid = 10";

    /// Since this version the database's owner owns `public`, and only USAGE is granted to everyone.
    private static final int FIRST_WITH_DATABASE_OWNER = 15;

    private final Database target;
    private final FilterConfig filter;
    private final Set<String> kept;

    /// @param kept what stays of [#ofDatabase]
    public TargetCleaner(Database target, FilterConfig filter, Set<String> kept) {
        this.target = target;
        this.filter = filter;
        this.kept = Set.copyOf(kept);
    }

    /// What belongs to the target's database and to no schema, by type and name (`extension hstore`), whoever made it.
    public static Set<String> ofDatabase(Database target) {
        try (Connection connection = target.connect(Session.named("clean target"))) {
            return TargetContents.ofDatabase(connection);
        } catch (SQLException failure) {
            throw SqlState.toException(target.side(), "The target's contents cannot be listed.", failure);
        }
    }

    /// What [#execute] would drop now, for the operator to agree to.
    public TargetContents contents() {
        try (Connection connection = target.connect(Session.named("clean target"))) {
            return TargetContents.read(connection, filter, kept);
        } catch (SQLException failure) {
            throw SqlState.toException(target.side(), "The target's contents cannot be listed.", failure);
        }
    }

    /// Drops it.
    ///
    /// @throws MigrationException `TARGET_FAILED` with the target unchanged, or another kind of the target
    /// @throws InterruptedException between two steps; what was not committed is rolled back
    public void execute() throws InterruptedException {
        Session session = Session.named("clean target").with("lock_timeout", LOCK_TIMEOUT);
        try (Connection connection = target.connect(session)) {
            connection.setAutoCommit(false);
            TargetContents contents = TargetContents.read(connection, filter, kept);
            SurvivorCheck survivors = SurvivorCheck.before(connection, filter);
            for (String statement : statements(contents, connection)) {
                stopIfInterrupted();
                execute(connection, statement);
            }
            refuseIfLost(survivors.lost(connection));
            connection.commit();
            if (contents.hasLargeObjects()) {
                unlinkLargeObjects(connection);
            }
            LOG.info("target emptied what=\"{}\"", String.join("; ", contents.plan()));
        } catch (SQLException failure) {
            throw SqlState.toException(target.side(), "The target cannot be emptied.", failure);
        }
    }

    /// Event triggers first, since they would fire; then schemas, then what is left of the database's own objects.
    private static List<String> statements(TargetContents contents, Connection connection) throws SQLException {
        List<String> statements = new ArrayList<>();
        List<TargetObject> ofDatabase = contents.databaseObjects();
        ofDatabase.stream()
                .filter(object -> object.type().equals("EVENT TRIGGER"))
                .map(TargetObject::dropStatement)
                .forEach(statements::add);
        for (TargetSchema schema : contents.schemas()) {
            if (schema.whole()) {
                statements.add("DROP SCHEMA " + QualifiedName.quote(schema.name()) + " CASCADE");
                if (schema.isPublic()) {
                    statements.addAll(publicSchema(connection));
                }
            } else {
                schema.objects().stream()
                        .filter(TargetObject::ours)
                        .map(TargetObject::dropStatement)
                        .forEach(statements::add);
            }
        }
        ofDatabase.stream()
                .filter(object -> !object.type().equals("EVENT TRIGGER"))
                .map(TargetObject::dropStatement)
                .forEach(statements::add);
        return statements;
    }

    /// `public` as initdb makes it, which is what pg_dump's grants on it start from.
    private static List<String> publicSchema(Connection connection) throws SQLException {
        boolean ofDatabaseOwner = Catalog.major(connection) >= FIRST_WITH_DATABASE_OWNER;
        String owner = ofDatabaseOwner ? "pg_database_owner" : Catalog.value(connection, BOOTSTRAP_SUPERUSER);
        boolean mayGive = "t".equals(Catalog.value(connection, "select pg_has_role(?, 'USAGE')", owner));
        List<String> statements = new ArrayList<>();
        statements.add("CREATE SCHEMA public"
                + (mayGive && owner != null ? " AUTHORIZATION " + QualifiedName.quote(owner) : ""));
        statements.add("GRANT " + (ofDatabaseOwner ? "USAGE" : "ALL") + " ON SCHEMA public TO PUBLIC");
        statements.add("COMMENT ON SCHEMA public IS 'standard public schema'");
        return statements;
    }

    private void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            LOG.debug("emptying the target: {}", sql);
            statement.execute(sql);
        } catch (SQLException refused) {
            if (SqlState.isConnectionLoss(refused)) {
                throw refused;
            }
            Failure failure = Failure.of(
                    FailureKind.TARGET_FAILED,
                    "The target cannot be emptied: it refuses " + sql + ".",
                    SqlState.serverWords(refused));
            if ("53200".equals(refused.getSQLState())) {
                failure = failure.withRemedy(
                        "Raise max_locks_per_transaction on the target and restart it, or drop its schemas by hand, one "
                                + "by one; then run again.");
            }
            throw new MigrationException(failure, refused);
        }
    }

    private static void refuseIfLost(Set<String> lost) {
        if (!lost.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.TARGET_FAILED,
                            "The target cannot be emptied: what the filter does not carry depends on what it does.",
                            "With it would go: " + String.join(", ", lost) + ".")
                    .withRemedy("Drop these by hand, or widen the filter; the target is unchanged. Then run again."));
        }
    }

    private static void unlinkLargeObjects(Connection connection) throws SQLException, InterruptedException {
        String unlinked;
        do {
            stopIfInterrupted();
            unlinked = Catalog.value(connection, UNLINK_SOME);
            connection.commit();
        } while (!"0".equals(unlinked));
    }

    private static void stopIfInterrupted() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("emptying the target");
        }
    }
}
