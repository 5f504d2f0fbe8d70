package org.pgmigrator.core.postgres;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The server settings that every session gets, whatever role, database or server file say.
///
/// Most travel in the startup packet's `options`, so that they hold before the first statement and are what RESET goes
/// back to. The driver sends a time zone of its own, which wins over `options`, and servers refuse settings that they
/// do
/// not know yet: those are set by SQL directly afterwards.
final class PinnedSettings {

    /// What a value looks like as text.
    private static final Map<String, String> TEXT = ordered(
            "datestyle", "ISO",
            "intervalstyle", "postgres",
            "extra_float_digits", "3",
            "bytea_output", "hex",
            "xmlbinary", "base64",
            "timezone", "UTC",
            "lc_monetary", "C",
            "array_nulls", "on");

    /// Who may do what for how long.
    private static final Map<String, String> LIMITS = ordered(
            "default_transaction_read_only", "off",
            "statement_timeout", "0",
            "lock_timeout", "0",
            "idle_in_transaction_session_timeout", "0");

    /// What our own statements rely on; pg_dump and pg_restore set theirs themselves.
    private static final Map<String, String> STATEMENTS = ordered(
            "search_path", "",
            "row_security", "off",
            "default_transaction_isolation", "read committed",
            "standard_conforming_strings", "on",
            "quote_all_identifiers", "off");

    /// Limits by the major version that brought them.
    private static final Map<String, Integer> SINCE = Map.of("idle_session_timeout", 14, "transaction_timeout", 17);

    private PinnedSettings() {}

    /// The value of the startup packet's `options` for a session: the user's own first, so that ours win.
    static String startupOptions(@Nullable String usersOptions, Session session) {
        Map<String, String> settings = new LinkedHashMap<>(TEXT);
        settings.putAll(LIMITS);
        settings.putAll(STATEMENTS);
        session.settings().forEach((name, value) -> settings.put(name.toLowerCase(Locale.ROOT), value));
        settings.keySet().removeAll(SINCE.keySet());
        return options(usersOptions, settings);
    }

    /// The value of `PGOPTIONS` for pg_dump and pg_restore.
    ///
    /// @param serverMajor the server's major version, 0 if it is not known
    static String childOptions(@Nullable String usersOptions, int serverMajor) {
        Map<String, String> settings = new LinkedHashMap<>(TEXT);
        settings.putAll(LIMITS);
        settings.putAll(limitsOf(serverMajor));
        return options(usersOptions, settings);
    }

    /// The statements that complete the settings once the server's version is known.
    static String afterConnecting(int serverMajor, Session session) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("timezone", "UTC");
        settings.putAll(limitsOf(serverMajor));
        session.settings().forEach((name, value) -> {
            String lowerCase = name.toLowerCase(Locale.ROOT);
            if (settings.containsKey(lowerCase)) {
                settings.put(lowerCase, value);
            }
        });
        return settings.entrySet().stream()
                .map(setting ->
                        "SET " + setting.getKey() + " TO '" + setting.getValue().replace("'", "''") + "'")
                .collect(Collectors.joining("; "));
    }

    private static Map<String, String> limitsOf(int serverMajor) {
        Map<String, String> limits = new LinkedHashMap<>();
        SINCE.forEach((name, major) -> {
            if (serverMajor >= major) {
                limits.put(name, "0");
            }
        });
        return limits;
    }

    private static String options(@Nullable String usersOptions, Map<String, String> settings) {
        List<String> parts = new ArrayList<>();
        if (usersOptions != null && !usersOptions.isBlank()) {
            parts.add(usersOptions.strip());
        }
        settings.forEach((name, value) -> parts.add("-c " + name + "=" + escape(value)));
        return String.join(" ", parts);
    }

    /// The server splits `options` at blanks and takes the character after a backslash as it is.
    private static String escape(String value) {
        return value.replaceAll("([\\s\\\\])", "\\\\$1");
    }

    private static Map<String, String> ordered(String... namesAndValues) {
        Map<String, String> settings = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            settings.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return settings;
    }
}
