package org.pgmigrator.core.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.config.QualifiedName;

class ContentSqlTest {

    private static final TableRead TABLE =
            new TableRead(new QualifiedName("public", "t"), 7, false, Map.of("id", "integer", "c", "\"char\""), 0, 0);

    @Test
    void aTableIsReadInRangesThatLeaveNothingOut() {
        List<BlockRange> ranges = BlockRange.of(20_000, 20_000L * 8192);

        assertThat(ranges).hasSize(3);
        assertThat(ranges.getFirst().where()).isEqualTo(" where t.ctid < '(8192,0)'::tid");
        assertThat(ranges.get(1).where()).isEqualTo(" where t.ctid >= '(8192,0)'::tid and t.ctid < '(16384,0)'::tid");
        assertThat(ranges.getLast().where()).isEqualTo(" where t.ctid >= '(16384,0)'::tid");
    }

    @Test
    void anEmptyTableIsOneRangeWithoutEnd() {
        assertThat(BlockRange.of(0, 0)).containsExactly(BlockRange.ALL);
        assertThat(BlockRange.of(8192, 8192L * 8192)).containsExactly(BlockRange.ALL);
        assertThat(BlockRange.ALL.where()).isEmpty();
    }

    @Test
    void aTableWithLargeValuesBesideItHasShorterRanges() {
        assertThat(BlockRange.of(64, 100L << 30)).hasSize(4);
    }

    @Test
    void columnsAreListedInTheGivenOrderAndQuoted() {
        RowText rows = new RowText(TABLE, List.of("c", "id"), false);

        assertThat(rows.sql()).isEqualTo("row(t.\"c\"::int4, t.\"id\")::text collate \"C\"");
        assertThat(new RowText(TABLE, List.of("id"), true).sql())
                .isEqualTo("encode(convert_to(row(t.\"id\")::text, 'UTF8'), 'hex') collate \"C\"");
    }

    @Test
    void keysAreLiteralsWithoutAType() {
        assertThat(ContentSql.keyCondition("", List.of("id"), List.of(List.of("1"), List.of("it's"))))
                .isEqualTo("\"id\" IN ('1', 'it''s')");
        assertThat(ContentSql.keyCondition("t.", List.of("a", "b"), List.of(List.of("1", "x\\y"))))
                .isEqualTo("(t.\"a\", t.\"b\") IN (('1', E'x\\\\y'))");
    }

    @Test
    void partsAreAPowerOfTwoAndBounded() {
        assertThat(Narrowing.parts(0)).isEqualTo(1);
        assertThat(Narrowing.parts(999)).isEqualTo(1);
        assertThat(Narrowing.parts(5_000)).isEqualTo(8);
        assertThat(Narrowing.parts(Long.MAX_VALUE)).isEqualTo(65_536);
    }

    @Test
    void onlyPartsThatDifferAreLookedAtAndNotTooManyRows() {
        TableContent two = new TableContent(2, BigInteger.ONE, BigInteger.TWO);
        TableContent other = new TableContent(2, BigInteger.TWO, BigInteger.TWO);
        TableContent many = new TableContent(49_000, BigInteger.ONE, BigInteger.ONE);

        assertThat(Narrowing.differing(Map.of(1, two, 2, two, 3, two), Map.of(1, two, 2, other, 4, two)))
                .isEqualTo(Map.of(2, 4L, 3, 2L, 4, 2L));
        assertThat(Narrowing.wanted(Map.of(0, 60_000L))).containsExactly(0);
        assertThat(Narrowing.wanted(Narrowing.differing(Map.of(1, two, 2, many, 3, two), Map.of(3, other, 4, many))))
                .containsExactly(1, 2, 3);
    }

    @Test
    void contentsAddUpWithoutOverflow() {
        BigInteger largest = BigInteger.valueOf(Long.MAX_VALUE);
        TableContent one = new TableContent(1, largest, largest);

        assertThat(one.plus(one)).isEqualTo(new TableContent(2, largest.add(largest), largest.add(largest)));
        assertThat(one.plus(one).hash()).isEqualTo("fffffffffffffffefffffffffffffffe");
    }
}
