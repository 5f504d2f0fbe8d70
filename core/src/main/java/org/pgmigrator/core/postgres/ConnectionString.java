package org.pgmigrator.core.postgres;

import java.util.regex.Pattern;

/// Tells the two forms of a connection string apart and stores what is common to both.
///
/// Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
final class ConnectionString {

    private static final Pattern WORD = Pattern.compile("[A-Za-z_]{1,40}");

    private ConnectionString() {}

    /// Reads either form; an empty string leaves everything to the environment.
    static Parameters read(Side side, String text) {
        String trimmed = text.strip();
        if (trimmed.indexOf('\0') >= 0) {
            throw Refusal.of(side, "The connection string holds a NUL character.");
        }
        Parameters parameters = new Parameters(side);
        if (trimmed.startsWith("postgresql://")) {
            new ConnectionUri(parameters, trimmed, "postgresql://".length()).read();
        } else if (trimmed.startsWith("postgres://")) {
            new ConnectionUri(parameters, trimmed, "postgres://".length()).read();
        } else if (trimmed.isEmpty()
                || (trimmed.indexOf('=') >= 0 && !trimmed.contains("://"))
                || startsWithKeyword(trimmed)) {
            new KeywordValues(parameters, trimmed).read();
        } else {
            throw Refusal.of(side, "The connection string is neither a postgresql:// URI nor keyword=value pairs.");
        }
        return parameters;
    }

    /// A value may well hold `://`; a string that begins with it is somebody else's URI (`jdbc:postgresql://`).
    private static boolean startsWithKeyword(String text) {
        int equals = text.indexOf('=');
        return equals > 0 && LibpqParameter.of(text.substring(0, equals).strip()) != null;
    }

    /// Stores `keyword`, with the two spellings that libpq still accepts beside its table.
    ///
    /// @return false if there is no such keyword
    static boolean store(Parameters parameters, String keyword, String value, String origin) {
        if (keyword.equals("requiressl")) {
            parameters.put(LibpqParameter.SSLMODE, value.startsWith("1") ? "require" : "prefer", origin);
            return true;
        }
        LibpqParameter parameter = LibpqParameter.of(keyword);
        if (parameter == null) {
            return false;
        }
        parameters.put(parameter, value, origin);
        return true;
    }

    /// The words for an unknown keyword; it is named only if it is a plain word and no piece of a secret.
    static String unknown(String keyword, boolean mayBeSecret, int start) {
        boolean plain = !mayBeSecret && WORD.matcher(keyword).matches();
        return "there is no connection parameter" + (plain ? " \"" + keyword + "\"" : "") + " (position " + (start + 1)
                + ").";
    }
}
