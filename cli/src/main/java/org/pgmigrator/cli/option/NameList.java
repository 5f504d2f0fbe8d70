package org.pgmigrator.cli.option;

import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.config.QualifiedName;

/// Reads comma-separated names of schemas and tables; a comma inside double quotes belongs to the name.
///
/// Bare names are folded to lower case and quoted ones are exact, as in SQL and as pg_dump's own filters do.
final class NameList {

    private NameList() {}

    static List<QualifiedName> tables(List<String> values) {
        return items(values).stream().map(QualifiedName::parse).toList();
    }

    /// @throws IllegalArgumentException if an item has more than one part
    static List<String> schemas(List<String> values) {
        return items(values).stream().map(NameList::schema).toList();
    }

    private static String schema(String text) {
        // One identifier is a qualified name whose second part is known; anything else has parts of its own.
        QualifiedName name = QualifiedName.parse(text + ".x");
        if (!name.name().equals("x")) {
            throw new IllegalArgumentException("not a schema's name: " + text);
        }
        return name.schema();
    }

    private static List<String> items(List<String> values) {
        List<String> result = new ArrayList<>();
        for (String value : values) {
            StringBuilder item = new StringBuilder();
            boolean quoted = false;
            for (int i = 0; i < value.length(); i++) {
                char c = value.charAt(i);
                quoted ^= c == '"';
                if (c == ',' && !quoted) {
                    add(result, item);
                } else {
                    item.append(c);
                }
            }
            add(result, item);
        }
        return result;
    }

    private static void add(List<String> result, StringBuilder item) {
        String text = item.toString().strip();
        if (!text.isEmpty()) {
            result.add(text);
        }
        item.setLength(0);
    }
}
