package org.pgmigrator.sandbox.compare;

import java.util.regex.Pattern;

/// Names in SQL and in text. Not by the server's quote_ident: which words it quotes changes with each major.
final class ObjectName {

    private static final Pattern PLAIN = Pattern.compile("[a-z_][a-z0-9_]*");

    private ObjectName() {}

    /// `public.orders`, or `public."Orders"`: to be shown, and the same on both sides.
    static String shown(String schema, String name) {
        return shown(schema) + "." + shown(name);
    }

    private static String shown(String name) {
        return PLAIN.matcher(name).matches() ? name : quoted(name);
    }

    static String quoted(String schema, String name) {
        return quoted(schema) + "." + quoted(name);
    }

    static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }
}
