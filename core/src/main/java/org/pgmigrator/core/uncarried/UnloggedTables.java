package org.pgmigrator.core.uncarried;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.BinaryForms;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.CatalogTable.CatalogColumn;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// Unlogged tables: their changes are not in the WAL, so their rows are copied again.
///
/// Each is emptied and filled in one transaction of the target, so that a failure leaves it as it was. Foreign keys and
/// ordinary triggers do not fire: the target's session has the replica role.
public final class UnloggedTables {

    /// A foreign key to a partitioned table has an entry for each partition.
    private static final String REFERENCED = """
            select exists (select from pg_constraint where contype = 'f' and confrelid = ?::oid and conrelid <> ?::oid)
            """;

    private static final String TRIGGERS = """
            select tgname, tgenabled = 'A' from pg_trigger
            where tgrelid = ?::oid and not tgisinternal and tgenabled in ('A', 'R') order by tgname
            """;

    private UnloggedTables() {}

    /// What was copied.
    ///
    /// @param bytes as they were sent
    public record Result(int tables, long rows, long bytes) {
        Result plus(CopyStream.Copied copied) {
            return new Result(tables + 1, rows + copied.rows(), bytes + copied.bytes());
        }
    }

    /// What was filled again.
    ///
    /// @param copied    what of it had rows on the source
    /// @param kept      how many have rows on the target, and were left alone
    /// @param bothEmpty those that have no row on either side
    public record Refilled(Result copied, int kept, List<QualifiedName> bothEmpty) {
        public Refilled {
            bothEmpty = List.copyOf(bothEmpty);
        }
    }

    /// Decides how each is copied, before the lock.
    ///
    /// @throws MigrationException TARGET_SCHEMA_DIFFERS if a table or column is not there as on the source
    static List<UnloggedCopy> plan(Connection source, Connection target, List<CatalogTable> tables)
            throws SQLException {
        if (tables.isEmpty()) {
            return List.of();
        }
        Map<QualifiedName, CatalogTable> there =
                Catalog.tables(target).stream().collect(Collectors.toMap(CatalogTable::name, Function.identity()));
        List<UnloggedCopy> plan = new ArrayList<>();
        for (CatalogTable table : tables) {
            plan.add(plan(source, target, table, there.get(table.name())));
        }
        return plan;
    }

    private static UnloggedCopy plan(
            Connection source, Connection target, CatalogTable table, @Nullable CatalogTable there)
            throws SQLException {
        if (there == null) {
            throw differs(table, "the target does not have it");
        }
        List<String> columns = written(table);
        List<String> missing = columns.stream()
                .filter(column -> !written(there).contains(column))
                .toList();
        if (!missing.isEmpty()) {
            throw differs(table, "on the target these columns are missing or generated: " + String.join(", ", missing));
        }
        List<String> unfilled = written(there).stream()
                .filter(column -> !columns.contains(column))
                .toList();
        if (!unfilled.isEmpty()) {
            throw differs(table, "the target has columns that the source has not: " + String.join(", ", unfilled));
        }
        boolean binary = BinaryForms.obstacle(
                        BinaryForms.read(source, List.of(table)), BinaryForms.read(target, List.of(there)))
                .isEmpty();
        return new UnloggedCopy(
                table.name(), columns, binary, isReferenced(target, there.oid()), triggers(target, there.oid()));
    }

    private static List<String> written(CatalogTable table) {
        return table.columns().stream()
                .filter(column -> !column.generated())
                .map(CatalogColumn::name)
                .toList();
    }

    private static MigrationException differs(CatalogTable table, String why) {
        return new MigrationException(Failure.of(
                FailureKind.TARGET_SCHEMA_DIFFERS,
                "Unlogged table " + table.name() + " cannot be copied again at the cutover.",
                why));
    }

    private static boolean isReferenced(Connection target, long oid) throws SQLException {
        return "t".equals(Catalog.value(target, REFERENCED, oid, oid));
    }

    private static List<UnloggedCopy.FiringTrigger> triggers(Connection target, long oid) throws SQLException {
        List<UnloggedCopy.FiringTrigger> triggers = new ArrayList<>();
        try (PreparedStatement statement = target.prepareStatement(TRIGGERS)) {
            statement.setLong(1, oid);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    triggers.add(new UnloggedCopy.FiringTrigger(row.getString(1), row.getBoolean(2)));
                }
            }
        }
        return triggers;
    }

    /// Copies them all, the source's rows under one snapshot.
    ///
    /// @param source in no transaction; in none afterwards
    /// @param target the same
    static Result copy(Connection source, Connection target, List<UnloggedCopy> plan, Watch watch)
            throws InterruptedException {
        Result result = new Result(0, 0, 0);
        try (Transaction reading = Transaction.reading(source, Side.SOURCE)) {
            for (UnloggedCopy copy : plan) {
                watch.requireWanted();
                result = result.plus(copy(source, target, copy, watch));
            }
            reading.commit();
        }
        return result;
    }

    private static CopyStream.Copied copy(Connection source, Connection target, UnloggedCopy copy, Watch watch)
            throws InterruptedException {
        try (Transaction writing = Transaction.writing(target, Side.TARGET)) {
            silenceTriggers(target, copy);
            execute(target, List.of(copy.emptySql()));
            requireEmpty(target, copy);
            CopyStream.Copied copied = fill(source, target, copy, watch);
            writing.commit();
            return copied;
        } catch (SQLException refusal) {
            throw failed(copy, refusal);
        }
    }

    private static MigrationException failed(UnloggedCopy copy, SQLException refusal) {
        return SqlState.toException(
                Side.TARGET, "Unlogged table " + copy.table() + " could not be copied again.", refusal);
    }

    private static void silenceTriggers(Connection target, UnloggedCopy copy) throws SQLException {
        execute(
                target,
                copy.triggers().stream()
                        .map(trigger -> trigger.disableSql(copy.table()))
                        .toList());
    }

    /// @param copy of a table that is empty, and whose triggers are silenced
    private static CopyStream.Copied fill(Connection source, Connection target, UnloggedCopy copy, Watch watch)
            throws SQLException, InterruptedException {
        CopyStream.Copied copied = CopyStream.run(source, target, copy, watch);
        execute(
                target,
                copy.triggers().stream()
                        .map(trigger -> trigger.enableSql(copy.table()))
                        .toList());
        return copied;
    }

    /// Fills those again that have no row on the target. A crash empties such a table whole: a row of it proves that
    /// there was none, and it may be the source that has crashed.
    ///
    /// @param source in no transaction; in none afterwards
    /// @param target the same
    static Refilled refill(Connection source, Connection target, List<UnloggedCopy> plan, Watch watch)
            throws InterruptedException {
        Result copied = new Result(0, 0, 0);
        int kept = 0;
        List<QualifiedName> bothEmpty = new ArrayList<>();
        try (Transaction reading = Transaction.reading(source, Side.SOURCE)) {
            for (UnloggedCopy copy : plan) {
                watch.requireWanted();
                Optional<CopyStream.Copied> filled = refill(source, target, copy, watch);
                if (filled.isEmpty()) {
                    kept++;
                } else if (filled.get().rows() == 0) {
                    bothEmpty.add(copy.table());
                } else {
                    copied = copied.plus(filled.get());
                }
            }
            reading.commit();
        }
        return new Refilled(copied, kept, bothEmpty);
    }

    /// @return empty if it has rows
    private static Optional<CopyStream.Copied> refill(
            Connection source, Connection target, UnloggedCopy copy, Watch watch) throws InterruptedException {
        try (Transaction writing = Transaction.writing(target, Side.TARGET)) {
            execute(target, List.of("LOCK TABLE ONLY " + copy.table().quoted() + " IN SHARE ROW EXCLUSIVE MODE"));
            if (hasRows(target, copy)) {
                return Optional.empty();
            }
            silenceTriggers(target, copy);
            CopyStream.Copied copied = fill(source, target, copy, watch);
            writing.commit();
            return Optional.of(copied);
        } catch (SQLException refusal) {
            throw failed(copy, refusal);
        }
    }

    private static boolean hasRows(Connection target, UnloggedCopy copy) throws SQLException {
        return "t"
                .equals(Catalog.value(
                        target,
                        "select exists (select from only " + copy.table().quoted() + ")"));
    }

    private static void execute(Connection target, List<String> statements) throws SQLException {
        try (Statement statement = target.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /// A rule or a row security policy can keep rows from being deleted.
    private static void requireEmpty(Connection target, UnloggedCopy copy) throws SQLException {
        if (copy.referenced() && hasRows(target, copy)) {
            throw new MigrationException(Failure.of(
                    FailureKind.VERIFICATION_MISMATCH,
                    "The rows of unlogged table " + copy.table() + " on the target could not be deleted.",
                    "DELETE has left some of them"));
        }
    }
}
