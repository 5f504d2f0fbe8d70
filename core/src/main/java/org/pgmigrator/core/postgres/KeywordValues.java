package org.pgmigrator.core.postgres;

import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.MigrationException;

/// Reads `host=localhost port=5432 password='a b'`: single quotes hold blanks, a backslash takes the next character as
/// it is.
///
/// Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
final class KeywordValues {

    private static final String QUOTING =
            "Put a value that holds blanks, quotes or backslashes in single quotes, and write \\' and \\\\ within it.";

    private final Parameters parameters;
    private final String text;
    private int position;
    /// The keyword before the current one: after an unquoted secret the next "keyword" may be its second half.
    private @Nullable LibpqParameter previous;

    KeywordValues(Parameters parameters, String text) {
        this.parameters = parameters;
        this.text = text;
    }

    void read() {
        skipBlanks();
        while (position < text.length()) {
            readPair();
            skipBlanks();
        }
    }

    private void readPair() {
        int start = position;
        while (position < text.length() && text.charAt(position) != '=' && !isBlank(text.charAt(position))) {
            position++;
        }
        String keyword = text.substring(start, position);
        skipBlanks();
        if (position == text.length() || text.charAt(position) != '=') {
            throw malformed("an equals sign is missing after the keyword at position " + (start + 1) + ".");
        }
        position++;
        skipBlanks();
        String value = position < text.length() && text.charAt(position) == '\'' ? quoted() : bare();
        if (!ConnectionString.store(parameters, keyword, value, "")) {
            boolean mayBeSecret = previous != null && previous.isSecret();
            throw malformed(ConnectionString.unknown(keyword, mayBeSecret, start));
        }
        previous = LibpqParameter.of(keyword);
    }

    private String bare() {
        StringBuilder value = new StringBuilder();
        while (position < text.length() && !isBlank(text.charAt(position))) {
            appendOne(value);
        }
        return value.toString();
    }

    private String quoted() {
        int start = position++;
        StringBuilder value = new StringBuilder();
        while (position < text.length() && text.charAt(position) != '\'') {
            appendOne(value);
        }
        if (position == text.length()) {
            throw malformed("the quote opened at position " + (start + 1) + " is not closed.");
        }
        position++;
        return value.toString();
    }

    private void appendOne(StringBuilder value) {
        char next = text.charAt(position++);
        if (next != '\\') {
            value.append(next);
        } else if (position < text.length()) {
            value.append(text.charAt(position++));
        }
    }

    private void skipBlanks() {
        while (position < text.length() && isBlank(text.charAt(position))) {
            position++;
        }
    }

    private static boolean isBlank(char character) {
        return character == ' ' || (character >= '\t' && character <= '\r');
    }

    private MigrationException malformed(String why) {
        return Refusal.of(parameters.side(), "In the keyword=value string " + why, QUOTING);
    }
}
