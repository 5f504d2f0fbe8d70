package org.pgmigrator.core.phase.stream;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.pgmigrator.core.apply.Applier;
import org.pgmigrator.core.config.ApplyConfig.WireFormat;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.BinaryForms;
import org.pgmigrator.core.postgres.BinaryForms.Column;
import org.pgmigrator.core.postgres.BinaryForms.Form;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// In which form the source is asked to send values: once for each start of the stream, from both catalogues.
///
/// @param binary as the types' send functions make them; otherwise as text
/// @param why    one clause for a person
public record WireFormatChoice(boolean binary, String why) {

    /// With a spool it cannot be chosen: changes are received before the target has tables to compare with.
    public static final WireFormatChoice SPOOLED =
            new WireFormatChoice(false, "changes are received to the spool before the target has its tables");

    /// Compares the types of all that is published on both sides.
    ///
    /// @param carried which of the source's tables are
    /// @throws MigrationException WIRE_FORMAT_REFUSED if binary was asked for and is not safe
    public static WireFormatChoice make(
            WireFormat wanted, Connection source, Database target, Predicate<QualifiedName> carried) {
        if (wanted == WireFormat.TEXT) {
            return new WireFormatChoice(false, "as asked for");
        }
        Map<Column, Form> sent = forms(Side.SOURCE, source, carried);
        Map<Column, Form> taken;
        try (Connection session = target.connect(Session.named("types"))) {
            taken = forms(Side.TARGET, session, carried);
        } catch (SQLException lost) {
            throw SqlState.toException(Side.TARGET, "The types of the target could not be read.", lost);
        }
        Optional<String> unsafe = BinaryForms.obstacle(sent, taken);
        return switch (wanted) {
            case BINARY -> {
                if (unsafe.isPresent()) {
                    throw new MigrationException(Failure.of(
                            FailureKind.WIRE_FORMAT_REFUSED,
                            "The source's values cannot be carried in binary form.",
                            unsafe.get()));
                }
                yield new WireFormatChoice(true, "as asked for");
            }
            case AUTO ->
                unsafe.or(() -> costly(sent))
                        .map(why -> new WireFormatChoice(false, why))
                        .orElseGet(() -> new WireFormatChoice(true, "every type allows it"));
            case TEXT -> throw new IllegalStateException("decided above");
        };
    }

    private static Map<Column, Form> forms(Side side, Connection connection, Predicate<QualifiedName> carried) {
        try {
            List<CatalogTable> tables = Catalog.tables(connection).stream()
                    .filter(table -> carried.test(table.decidingName()))
                    .toList();
            return BinaryForms.read(connection, tables);
        } catch (SQLException refusal) {
            throw SqlState.toException(side, "The types of the " + side.word() + " could not be read.", refusal);
        }
    }

    private static Optional<String> costly(Map<Column, Form> sent) {
        return sent.entrySet().stream()
                .filter(column -> !isCheap(column.getValue().form().orElseThrow()))
                .map(column -> "column " + column.getKey() + " has type "
                        + column.getValue().type()
                        + ", which costs more in binary form where a change is written singly")
                .findFirst();
    }

    private static boolean isCheap(String form) {
        return Applier.writesSingly(form.startsWith("enum[") ? "enum" : form);
    }
}
