package org.pgmigrator.core.apply;

import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.postgresql.util.ByteConverter;

/// The text form of values that came in binary form, of the types that are written singly often enough to be worth it.
///
/// What it gives is read by the type's input function as exactly the value that was sent.
/// Source: the send functions of https://github.com/postgres/postgres/tree/master/src/backend/utils/adt
final class BinaryValue {

    private static final LocalDate EPOCH_DAY = LocalDate.of(2000, 1, 1);
    private static final LocalDateTime EPOCH = EPOCH_DAY.atStartOfDay();

    /// By the type's name in `pg_catalog`; `enum` stands for all of these.
    private static final Map<String, Function<byte[], String>> FORMS = Map.ofEntries(
            Map.entry("bool", bytes -> bytes[0] == 0 ? "f" : "t"),
            Map.entry("int2", bytes -> Short.toString(ByteConverter.int2(bytes, 0))),
            Map.entry("int4", bytes -> Integer.toString(ByteConverter.int4(bytes, 0))),
            Map.entry("int8", bytes -> Long.toString(ByteConverter.int8(bytes, 0))),
            Map.entry("oid", bytes -> Integer.toUnsignedString(ByteConverter.int4(bytes, 0))),
            Map.entry("float4", bytes -> Float.toString(ByteConverter.float4(bytes, 0))),
            Map.entry("float8", bytes -> Double.toString(ByteConverter.float8(bytes, 0))),
            Map.entry("numeric", BinaryValue::numeric),
            Map.entry("text", BinaryValue::utf8),
            Map.entry("varchar", BinaryValue::utf8),
            Map.entry("bpchar", BinaryValue::utf8),
            Map.entry("name", BinaryValue::utf8),
            Map.entry("json", BinaryValue::utf8),
            Map.entry("enum", BinaryValue::utf8),
            // One byte of version comes first.
            Map.entry("jsonb", bytes -> new String(bytes, 1, bytes.length - 1, StandardCharsets.UTF_8)),
            Map.entry("uuid", bytes -> new UUID(ByteConverter.int8(bytes, 0), ByteConverter.int8(bytes, 8)).toString()),
            Map.entry("bytea", BinaryValue::hex),
            Map.entry("date", BinaryValue::date),
            Map.entry("timestamp", BinaryValue::timestamp),
            Map.entry("timestamptz", bytes -> {
                String utc = timestamp(bytes);
                if (utc.endsWith("y")) {
                    return utc;
                }
                return utc.endsWith(" BC") ? utc.substring(0, utc.length() - 3) + "+00 BC" : utc + "+00";
            }));

    private BinaryValue() {}

    /// Whether values of a type have a text form here.
    ///
    /// @param type its name in `pg_catalog`, or `enum`, of a domain those of its base type
    static boolean hasText(String type) {
        return FORMS.containsKey(type);
    }

    static Optional<String> text(String type, byte[] value) {
        return Optional.ofNullable(FORMS.get(type)).map(form -> form.apply(value));
    }

    static String hex(byte[] value) {
        return "\\x" + HexFormat.of().formatHex(value);
    }

    private static String utf8(byte[] value) {
        return new String(value, StandardCharsets.UTF_8);
    }

    private static String numeric(byte[] value) {
        Number number = ByteConverter.numeric(value, 0, value.length);
        return number instanceof java.math.BigDecimal decimal ? decimal.toPlainString() : number.toString();
    }

    private static String date(byte[] value) {
        int days = ByteConverter.int4(value, 0);
        return switch (days) {
            case Integer.MAX_VALUE -> "infinity";
            case Integer.MIN_VALUE -> "-infinity";
            default -> {
                LocalDate date = EPOCH_DAY.plusDays(days);
                yield day(date) + era(date);
            }
        };
    }

    private static String timestamp(byte[] value) {
        long micros = ByteConverter.int8(value, 0);
        if (micros == Long.MAX_VALUE) {
            return "infinity";
        }
        if (micros == Long.MIN_VALUE) {
            return "-infinity";
        }
        LocalDateTime time = EPOCH.plus(micros, ChronoUnit.MICROS);
        return "%s %02d:%02d:%02d.%06d%s"
                .formatted(
                        day(time.toLocalDate()),
                        time.getHour(),
                        time.getMinute(),
                        time.getSecond(),
                        time.getNano() / 1_000,
                        era(time.toLocalDate()));
    }

    private static String day(LocalDate date) {
        int year = date.getYear() > 0 ? date.getYear() : 1 - date.getYear();
        return "%04d-%02d-%02d".formatted(year, date.getMonthValue(), date.getDayOfMonth());
    }

    /// There is no year 0: before the year 1 comes 1 BC.
    private static String era(LocalDate date) {
        return date.getYear() > 0 ? "" : " BC";
    }
}
