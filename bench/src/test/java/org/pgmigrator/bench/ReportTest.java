package org.pgmigrator.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReportTest {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final Report report = new Report(new PrintStream(bytes, true, StandardCharsets.UTF_8));

    @Test
    void theRatioIsTheBuiltInWorkersMedianByTheContendersOwn() {
        Map<String, List<Measurement>> measurements = new LinkedHashMap<>();
        measurements.put(
                "builtin",
                List.of(
                        new Measurement(9, 1, 0, 3, 0),
                        new Measurement(4, 1, 0, 2, 0),
                        new Measurement(5, 2, 0, 1, 0)));
        measurements.put(
                "windows", List.of(new Measurement(3, 1, 2, 1, 5_000_000), new Measurement(1, 1, 4, 1, 5_000_000)));
        report.backlog(new Backlog("mixed", List.of(), List.of(), 10_000), measurements);
        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .contains("| builtin | 5.00 | 4.00 | 9.00 | 2,000 | 1.00 | 1.00 | 0.00 | 2.00 | 0 |")
                .contains("| windows | 2.00 | 1.00 | 3.00 | 5,000 | 2.50 | 1.00 | 3.00 | 1.00 | 500 |");
    }

    @Test
    void aPercentileIsOneOfTheFigures() {
        List<Double> figures =
                IntStream.rangeClosed(1, 200).mapToObj(i -> (double) i).toList();
        assertThat(Report.percentile(figures, 50)).isEqualTo(100);
        assertThat(Report.percentile(figures, 95)).isEqualTo(190);
        assertThat(Report.percentile(figures, 99)).isEqualTo(198);
        assertThat(Report.percentile(List.of(7.0), 99)).isEqualTo(7);
    }
}
