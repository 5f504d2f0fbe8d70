package org.pgmigrator.cli.option;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Reads one of a closed set of words: the constants of an enum, lower case and with hyphens (`insert-only`).
public final class Word<E extends Enum<E>> implements ITypeConverter<E> {

    private final List<E> constants;

    public Word(Class<E> type) {
        this.constants = Arrays.asList(type.getEnumConstants());
    }

    @Override
    public E convert(String value) {
        for (E constant : constants) {
            if (of(constant).equals(value.strip().toLowerCase(Locale.ROOT))) {
                return constant;
            }
        }
        throw new TypeConversionException("'" + value + "' is not one of "
                + constants.stream().map(Word::of).collect(Collectors.joining(", ")));
    }

    /// The word for a constant.
    public static String of(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
