package org.pgmigrator.core.apply.differential;

import java.util.List;
import java.util.random.RandomGenerator;

/// Makes SQL literals of one type. A literal that identifies a row depends on the index alone.
@FunctionalInterface
interface Literal {

    String next(RandomGenerator random, int index);

    /// Strings that formats, quoting and escaping have stumbled over.
    List<String> TEXTS = List.of(
            "''",
            "' '",
            "'a'",
            "E'tab\\there'",
            "E'back\\\\slash'",
            "E'new\\nline\\r'",
            "'\\N'",
            "'\\.'",
            "'quote''s \"x\" {,}'",
            "'ünïcødé ☃ 𝄞'",
            "'NULL'",
            "'{}'",
            "E'\\x01\\x7f'",
            "'trailing  '");

    /// The index itself: for unique columns.
    static Literal index() {
        return (random, index) -> Integer.toString(index);
    }

    /// Equal numbers that differ in their bytes: `7`, `7.0`, `7.00`.
    static Literal scaledIndex() {
        return (random, index) -> index + List.of("", ".0", ".00", ".000").get(random.nextInt(4));
    }

    static Literal textIndex(String prefix) {
        return (random, index) -> "'" + prefix + index + "'";
    }

    /// Equal under citext, different bytes.
    static Literal caselessIndex() {
        return (random, index) -> (random.nextBoolean() ? "'Key" : "'kEY") + index + "'";
    }

    /// A key that is toasted out of line, and still fits an index page.
    static Literal wideIndex() {
        return (random, index) -> "repeat('" + (1000 + index) + "key', 330)";
    }

    static Literal text() {
        return (random, index) -> TEXTS.get(random.nextInt(TEXTS.size()));
    }

    static Literal integer() {
        return (random, index) -> Integer.toString(random.nextInt(1000) - 100);
    }

    /// Stored out of line where the column's storage is EXTERNAL, so that an update of another column does not send it.
    static Literal toast() {
        return (random, index) -> {
            int kind = random.nextInt(100);
            if (kind < 12) {
                return "'small" + kind + "'";
            }
            int length = kind < 95 ? 300 + random.nextInt(500) : 5_000 + random.nextInt(3_000);
            return "repeat('" + (10_000_000 + random.nextInt(1_000_000)) + "', " + length + ")";
        };
    }

    /// One of these, as they stand.
    static Literal oneOf(String... literals) {
        return (random, index) -> literals[random.nextInt(literals.length)];
    }

    /// NULL now and then.
    default Literal orNull() {
        return (random, index) -> random.nextInt(6) == 0 ? "NULL" : next(random, index);
    }
}
