package org.pgmigrator.core.validate;

import java.util.Collection;
import java.util.List;

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

    /// A string literal in SQL.
    static String literal(String text) {
        return text.indexOf('\\') < 0
                ? "'" + text.replace("'", "''") + "'"
                : "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'";
    }
}
