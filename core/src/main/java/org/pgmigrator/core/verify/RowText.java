package org.pgmigrator.core.verify;

import java.util.List;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.QualifiedName;

/// Rows of one side as text, in SQL: the form that is hashed.
///
/// The text of a row tells NULL from the empty string and keeps values apart whatever they hold. Columns are listed by
/// their names in the source's order, whatever the target's is. What shapes the text of a value is pinned for each
/// session of ours; the collation is pinned here, because a nondeterministic one would hash sort keys.
///
/// @param table            the side's table
/// @param columns          names, in the order that both sides use
/// @param encodingsDiffer  whether the databases store text in different encodings: then it is hashed as UTF-8
record RowText(TableRead table, List<String> columns, boolean encodingsDiffer) {

    RowText {
        columns = List.copyOf(columns);
    }

    /// An expression of type text for the rows of the alias `t`.
    String sql() {
        return sql(columns);
    }

    /// The same of some of the columns.
    String sql(List<String> some) {
        return hashable("row(" + some.stream().map(this::value).collect(Collectors.joining(", ")) + ")::text");
    }

    /// An expression for one column's value, not yet as text.
    String value(String column) {
        String reference = "t." + QualifiedName.quote(column);
        // Servers before 16 print a "char" above 127 as that byte, later ones as an octal escape.
        return switch (table.types().getOrDefault(column, "")) {
            case "\"char\"" -> reference + "::int4";
            case "\"char\"[]" -> reference + "::int4[]";
            default -> reference;
        };
    }

    /// A text expression in the form that hashes equal on both sides.
    String hashable(String text) {
        return (encodingsDiffer ? "encode(convert_to(" + text + ", 'UTF8'), 'hex')" : text) + " collate \"C\"";
    }
}
