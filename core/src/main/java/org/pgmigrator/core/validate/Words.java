package org.pgmigrator.core.validate;

import java.util.Collection;
import java.util.List;
import java.util.Locale;

/// How lists, numbers and SQL literals are written in a finding.
final class Words {

    /// Enough to recognise what is meant; the remedies name every object.
    private static final int SHOWN = 8;

    private Words() {}

    /// `a, b, c and 12 more`.
    static String list(Collection<?> names) {
        List<String> shown = names.stream().limit(SHOWN).map(Object::toString).toList();
        int rest = names.size() - shown.size();
        return String.join(", ", shown) + (rest > 0 ? " and " + rest + " more" : "");
    }

    /// `1 table`, `3 tables`.
    static String count(long number, String noun) {
        return number + " " + noun + (number == 1 ? "" : "s");
    }

    /// `812 kB`, `1.4 GB`.
    static String bytes(long bytes) {
        double size = bytes;
        String[] units = {"B", "kB", "MB", "GB", "TB"};
        int unit = 0;
        while (size >= 1024 && unit < units.length - 1) {
            size /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, size < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", size, units[unit]);
    }

    /// A string literal in SQL.
    static String literal(String text) {
        return text.indexOf('\\') < 0
                ? "'" + text.replace("'", "''") + "'"
                : "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'";
    }
}
