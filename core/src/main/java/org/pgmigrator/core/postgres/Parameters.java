package org.pgmigrator.core.postgres;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// The parameters that were given, each with the place that gave it.
///
/// A parameter may be given as an empty text: as in libpq that hides the environment's value and then counts as not
/// given.
final class Parameters {

    /// One given value.
    ///
    /// @param origin who gave it, for messages: empty for the connection string, `PGHOST`, `service "x"`
    record Given(String value, String origin) {}

    private final Side side;
    private final Map<LibpqParameter, Given> given = new EnumMap<>(LibpqParameter.class);

    Parameters(Side side) {
        this.side = side;
    }

    Side side() {
        return side;
    }

    /// Gives a value; a later one wins, as within one connection string.
    void put(LibpqParameter parameter, String value, String origin) {
        given.put(parameter, new Given(value, origin));
    }

    /// Gives a value unless a stronger place has given one.
    void putIfAbsent(LibpqParameter parameter, String value, String origin) {
        given.putIfAbsent(parameter, new Given(value, origin));
    }

    boolean isGiven(LibpqParameter parameter) {
        return given.containsKey(parameter);
    }

    /// The value, or null if it is not given or empty.
    @Nullable
    String get(LibpqParameter parameter) {
        Given found = given.get(parameter);
        return found == null || found.value().isEmpty() ? null : found.value();
    }

    String getOrDefault(LibpqParameter parameter, String defaultValue) {
        String value = get(parameter);
        return value == null ? defaultValue : value;
    }

    /// One of `allowed`, the first of which is the default.
    String choice(LibpqParameter parameter, String... allowed) {
        String value = getOrDefault(parameter, allowed[0]);
        if (!Arrays.asList(allowed).contains(value)) {
            throw Refusal.of(side, describe(parameter) + " must be one of " + String.join(", ", allowed) + ".");
        }
        return value;
    }

    /// A whole number as libpq reads it.
    int number(LibpqParameter parameter, int defaultValue) {
        String value = get(parameter);
        if (value == null) {
            return defaultValue;
        }
        try {
            return Integer.parseInt(value.strip());
        } catch (NumberFormatException notANumber) {
            throw Refusal.of(side, describe(parameter) + " must be a whole number.");
        }
    }

    /// The parameter for a message: `sslmode`, or `sslmode (from PGSSLMODE)`.
    String describe(LibpqParameter parameter) {
        Given found = given.get(parameter);
        String origin = found == null || found.origin().isEmpty() ? "" : " (from " + found.origin() + ")";
        return parameter.keyword() + origin;
    }

    void forEach(BiConsumer<LibpqParameter, String> action) {
        given.forEach((parameter, found) -> {
            if (!found.value().isEmpty()) {
                action.accept(parameter, found.value());
            }
        });
    }
}
