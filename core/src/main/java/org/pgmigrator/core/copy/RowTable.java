package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.RowPlan.Configuration;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.BinaryForms;
import org.pgmigrator.core.postgres.BinaryForms.Column;
import org.pgmigrator.core.postgres.BinaryForms.Form;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.CatalogTable.CatalogColumn;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.postgres.UnsteadyPartitions;

/// How the rows of one table travel.
///
/// @param ofExtension whether an extension has made it
/// @param columns   those that are not computed by the server, in SQL, separated by commas; may be empty
/// @param condition `WHERE …` on the rows of an extension's table, or empty
/// @param binary    whether both sides have the same binary form of every column
/// @param into      the target's table: above a partition, where its rows may be in other ones there
record RowTable(
        QualifiedName name, boolean ofExtension, String columns, String condition, boolean binary, QualifiedName into) {

    /// What gives the rows of a part on the source.
    String copyOut(RowUnit unit) {
        String what;
        if (unit.isWholeTable() && condition.isEmpty()) {
            what = name.quoted() + columnList();
        } else {
            String from = "select " + columns + " from only " + name.quoted() + " ";
            what = "(" + from + (unit.isWholeTable() ? condition : "where " + unit.condition()) + ")";
        }
        return "copy " + what + " to stdout" + format();
    }

    String copyIn() {
        return "copy " + into.quoted() + columnList() + " from stdin" + format();
    }

    private String columnList() {
        return columns.isEmpty() ? "" : " (" + columns + ")";
    }

    private String format() {
        return binary ? " with (format binary)" : "";
    }

    /// Reads the tables of the parts on both sides, by their names.
    ///
    /// @throws MigrationException `DUMP_FAILED` if a table's lock on the source is not to be had
    static Map<String, RowTable> read(
            String snapshot, String lockTimeout, Database source, Database target, Collection<RowUnit> units) {
        Set<QualifiedName> wanted = units.stream().map(RowUnit::table).collect(Collectors.toSet());
        Map<Column, Form> taken;
        Map<QualifiedName, QualifiedName> unsteady;
        try (Connection session = target.connect(Session.named("copy catalogue"))) {
            taken = BinaryForms.read(session, Catalog.tables(session, wanted));
            unsteady = UnsteadyPartitions.read(session);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The target's tables cannot be listed.", refusal);
        }
        try (Connection session = RowCopy.under(source, snapshot, lockTimeout)) {
            List<CatalogTable> tables = Catalog.tables(session, wanted);
            Map<QualifiedName, Map<Column, Form>> sent = new HashMap<>();
            BinaryForms.read(session, tables)
                    .forEach((column, form) -> sent.computeIfAbsent(column.table(), table -> new HashMap<>())
                            .put(column, form));
            Map<QualifiedName, String> conditions = RowPlan.configuration(session).stream()
                    .collect(Collectors.toMap(Configuration::name, Configuration::condition, (one, other) -> one));
            Map<String, RowTable> result = new HashMap<>();
            for (CatalogTable table : tables) {
                boolean binary = BinaryForms.obstacle(sent.getOrDefault(table.name(), Map.of()), taken)
                        .isEmpty();
                result.put(
                        table.name().toString(),
                        new RowTable(
                                table.name(),
                                table.ofExtension(),
                                table.columns().stream()
                                        .filter(column -> !column.generated())
                                        .map(CatalogColumn::name)
                                        .map(QualifiedName::quote)
                                        .collect(Collectors.joining(", ")),
                                table.ofExtension() ? conditions.getOrDefault(table.name(), "") : "",
                                binary,
                                unsteady.getOrDefault(table.name(), table.name())));
            }
            return result;
        } catch (SQLException refusal) {
            String what = "The source's tables cannot be listed for the copy.";
            if (SqlState.LOCK_NOT_AVAILABLE.equals(refusal.getSQLState())) {
                throw new MigrationException(
                        LockBlockers.failure(source, FailureKind.DUMP_FAILED, what, SqlState.serverWords(refusal)),
                        refusal);
            }
            throw SqlState.toException(Side.SOURCE, what, refusal);
        }
    }
}
