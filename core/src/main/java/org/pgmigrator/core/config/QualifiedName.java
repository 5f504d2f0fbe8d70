package org.pgmigrator.core.config;

/// The name of a relation with its schema, unquoted, as the catalogue spells it.
public record QualifiedName(String schema, String name) implements Comparable<QualifiedName> {

    /// Reads `schema.name`, each part bare or in double quotes (`"My Schema"."a.b"`); `""` inside quotes is one quote.
    /// Bare parts are folded to lower case, as SQL does. Without a schema it is `public`.
    ///
    /// @throws IllegalArgumentException if `text` is not one or two identifiers
    public static QualifiedName parse(String text) {
        StringBuilder[] parts = {new StringBuilder(), new StringBuilder()};
        int part = 0;
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quoted) {
                if (c != '"') {
                    parts[part].append(c);
                } else if (i + 1 < text.length() && text.charAt(i + 1) == '"') {
                    parts[part].append('"');
                    i++;
                } else {
                    quoted = false;
                }
            } else if (c == '"') {
                quoted = true;
            } else if (c == '.' && part == 0) {
                part = 1;
            } else {
                parts[part].append(Character.toLowerCase(c));
            }
        }
        String first = parts[0].toString();
        String second = parts[1].toString();
        if (quoted || first.isEmpty() || (part == 1 && second.isEmpty())) {
            throw new IllegalArgumentException("not a table's name: " + text);
        }
        return part == 0 ? new QualifiedName("public", first) : new QualifiedName(first, second);
    }

    /// The name in SQL: both parts in double quotes.
    public String quoted() {
        return quote(schema) + "." + quote(name);
    }

    /// One identifier in SQL: in double quotes, quotes inside doubled.
    public static String quote(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    @Override
    public int compareTo(QualifiedName other) {
        int bySchema = schema.compareTo(other.schema);
        return bySchema != 0 ? bySchema : name.compareTo(other.name);
    }

    /// The name for a person: quoted only where SQL needs it.
    @Override
    public String toString() {
        return plain(schema) + "." + plain(name);
    }

    private static String plain(String identifier) {
        return identifier.matches("[a-z_][a-z0-9_]*") ? identifier : quote(identifier);
    }
}
