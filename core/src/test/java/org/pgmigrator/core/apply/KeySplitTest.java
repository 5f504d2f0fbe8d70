package org.pgmigrator.core.apply;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.decoder.Framing;
import org.pgmigrator.decoder.PgOutputDecoder;
import org.pgmigrator.decoder.PgOutputMessage.Insert;
import org.pgmigrator.decoder.PgOutputMessage.Relation;
import org.pgmigrator.decoder.ReplicaIdentity;
import org.pgmigrator.decoder.Tuple;

/// A lane must be the same for a row in whatever form it comes: after a crash it tells what is on the target.
class KeySplitTest {

    private static final int RANGE = 1024;

    @Property
    void aNumberHasTheSameLaneAsTextAndInEveryBinaryWidth(
            @ForAll long number, @ForAll @IntRange(min = 2, max = 32) int lanes) {
        KeySplit keys = split("int8", RANGE);

        int lane = keys.lane(text(Long.toString(number)), lanes);

        assertThat(lane).isBetween(0, lanes - 1);
        assertThat(keys.lane(binary(ByteBuffer.allocate(8).putLong(number)), lanes))
                .isEqualTo(lane);
        assertThat(keys.lane(binary(ByteBuffer.allocate(4).putInt((int) number)), lanes))
                .isEqualTo(keys.lane(text(Integer.toString((int) number)), lanes));
        assertThat(keys.lane(binary(ByteBuffer.allocate(2).putShort((short) number)), lanes))
                .isEqualTo(keys.lane(text(Short.toString((short) number)), lanes));
    }

    @Property
    void aUuidHasTheSameLaneInBothForms(@ForAll long high, @ForAll long low) {
        KeySplit keys = split("uuid", RANGE);

        assertThat(keys.lane(binary(ByteBuffer.allocate(16).putLong(high).putLong(low)), 5))
                .isBetween(0, 4)
                .isEqualTo(keys.lane(text(new UUID(high, low).toString()), 5));
    }

    @Test
    void everyHalfOfAUuidCounts() {
        KeySplit keys = split("uuid", RANGE);

        assertThat(lanesOf(
                        keys,
                        LongStream.range(0, 50)
                                .mapToObj(i -> new UUID(0, i).toString())
                                .toList()))
                .containsOnly(0, 1, 2);
        assertThat(lanesOf(
                        keys,
                        LongStream.range(0, 50)
                                .mapToObj(i -> new UUID(i, 0).toString())
                                .toList()))
                .containsOnly(0, 1, 2);
    }

    @Test
    void keysOfARangeStayTogetherAndRangesSpreadEvenly() {
        KeySplit keys = split("int8", RANGE);

        assertThat(lanesOf(
                        keys,
                        LongStream.range(-RANGE, 0).mapToObj(Long::toString).toList()))
                .hasSize(1);
        List<Integer> ranges = LongStream.range(0, 3_000)
                .mapToObj(range -> keys.lane(text(Long.toString(range * RANGE)), 3))
                .toList();
        for (int lane = 0; lane < 3; lane++) {
            int wanted = lane;
            assertThat(ranges.stream().filter(number -> number == wanted).count())
                    .isBetween(900L, 1_100L);
        }
    }

    @Test
    void whatIsNoSuchValueHasNoLane() {
        KeySplit numbers = split("int8", RANGE);
        KeySplit uuids = split("uuid", RANGE);

        for (String text : List.of("", "-", "1.0", "12345678901234567890", "x")) {
            assertThat(numbers.lane(text(text), 3)).as(text).isEqualTo(KeySplit.NONE);
            assertThat(uuids.lane(text(text), 3)).as(text).isEqualTo(KeySplit.NONE);
        }
        assertThat(numbers.lane(binary(ByteBuffer.allocate(16)), 3)).isEqualTo(KeySplit.NONE);
        assertThat(uuids.lane(binary(ByteBuffer.allocate(8)), 3)).isEqualTo(KeySplit.NONE);
    }

    @Test
    void typesWhoseEqualValuesMayDifferInTheirFormAreNotDivided() {
        for (String type : List.of("text", "numeric", "bpchar", "float8", "timestamptz", "enum", "")) {
            assertThat(KeySplit.of(table(type), List.of("id"), RANGE)).as(type).isEmpty();
        }
        assertThat(KeySplit.of(table("int4"), List.of("other"), RANGE)).isEmpty();
    }

    private static List<Integer> lanesOf(KeySplit keys, List<String> values) {
        return values.stream()
                .map(value -> keys.lane(text(value), 3))
                .distinct()
                .sorted()
                .toList();
    }

    private static KeySplit split(String type, int range) {
        return KeySplit.of(table(type), List.of("id"), range).orElseThrow();
    }

    private static TargetTable table(String type) {
        Relation relation = new Relation(
                0, 1, "public", "t", ReplicaIdentity.DEFAULT, List.of(new Relation.Column(true, "id", 20, -1)));
        return new TargetTable(
                0,
                relation,
                new QualifiedName("public", "t"),
                false,
                false,
                List.of(new TargetTable.TargetColumn("id", type, type, Optional.of("OPERATOR(pg_catalog.=)"))),
                Optional.of(List.of(0)),
                List.of(0),
                TablePlan.fold(IntStream.of(0).boxed().toList()));
    }

    private static Tuple text(String value) {
        return tuple('t', value.getBytes(StandardCharsets.UTF_8));
    }

    private static Tuple binary(ByteBuffer value) {
        byte[] bytes = new byte[value.capacity()];
        value.get(0, bytes);
        return tuple('b', bytes);
    }

    /// As in an Insert message of one column.
    private static Tuple tuple(char kind, byte[] value) {
        ByteBuffer message = ByteBuffer.allocate(1 + 4 + 1 + 2 + 1 + 4 + value.length)
                .put((byte) 'I')
                .putInt(1)
                .put((byte) 'N')
                .putShort((short) 1)
                .put((byte) kind)
                .putInt(value.length)
                .put(value);
        Insert insert = (Insert) PgOutputDecoder.decode(
                ByteBuffer.wrap(Arrays.copyOf(message.array(), message.capacity())), Framing.TOP_LEVEL);
        return insert.after();
    }
}
