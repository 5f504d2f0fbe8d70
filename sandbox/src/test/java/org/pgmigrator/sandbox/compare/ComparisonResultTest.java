package org.pgmigrator.sandbox.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonResultTest {

    @Test
    void anEqualResultIsOneLine() {
        assertThat(new ComparisonResult(12, 345_678, 1, List.of()))
                .hasToString("0 differences in 12 tables, 345,678 rows, 1 sequence");
    }

    @Test
    void differencesAreListedWithTheirSamples() {
        Difference difference = new Difference(
                "shop.orders", "rows differ: left has 2, right has 1", List.of("left has 1 more of (1)"));
        assertThat(new ComparisonResult(1, 1, 0, List.of(difference))).hasToString("""
                        1 difference in 1 table, 1 row, 0 sequences
                          shop.orders: rows differ: left has 2, right has 1
                            left has 1 more of (1)""");
    }
}
