package org.pgmigrator.cli.option;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Reads a number of bytes: `65536`, `64kB`, `1MB`, `2GB`, `1TB`. Units are powers of 1024, as in postgresql.conf.
///
/// The case of the unit does not matter here, because no two units differ by it.
final class ByteSize implements ITypeConverter<Long> {

    private static final Pattern FORM = Pattern.compile("(\\d+)\\s*(b|kb|mb|gb|tb)?");

    @Override
    public Long convert(String value) {
        Matcher form = FORM.matcher(value.strip().toLowerCase(Locale.ROOT));
        if (!form.matches()) {
            throw new TypeConversionException("'" + value + "' is not a size such as 65536, 64kB or 1MB");
        }
        String unit = form.group(2) == null ? "b" : form.group(2);
        long factor = 1L << (10 * "bkmgt".indexOf(unit.charAt(0)));
        try {
            return Math.multiplyExact(Long.parseLong(form.group(1)), factor);
        } catch (ArithmeticException | NumberFormatException e) {
            throw tooLarge(value, e);
        }
    }

    private static TypeConversionException tooLarge(String value, RuntimeException cause) {
        TypeConversionException result = new TypeConversionException("'" + value + "' is more bytes than fit");
        result.initCause(cause);
        return result;
    }
}
