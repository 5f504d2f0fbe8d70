package org.pgmigrator.bench.cutover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.pgmigrator.bench.BenchException;

class DowntimeReportTest {

    private static final List<String> LINES = List.of(
            "{\"time\":\"t\",\"event\":\"lag\",\"phase\":\"CaughtUp\",\"milliseconds\":3}",
            "{\"time\":\"t\",\"event\":\"cutover_step\",\"step\":\"lock\",\"milliseconds\":21,\"detail\":\"\"}",
            "{\"time\":\"t\",\"event\":\"cutover_step\",\"step\":\"open target\",\"milliseconds\":4,\"detail\":\"\"}",
            "{\"time\":\"t\",\"event\":\"cutover_complete\",\"elapsed_ms\":900,\"write_downtime_ms\":321}");

    @Test
    void whatTheProgramSaysIsReadFromItsEvents() {
        Migrated migrated = Migrated.parse(LINES);

        assertThat(migrated.downtime()).isEqualTo(321);
        assertThat(migrated.steps()).containsExactly(Map.entry("lock", 21.0), Map.entry("open target", 4.0));
    }

    @Test
    void aCutoverWithoutDowntimeIsNoMeasurement() {
        assertThatThrownBy(() -> Migrated.parse(
                        List.of("{\"event\":\"cutover_complete\",\"elapsed_ms\":900,\"write_downtime_ms\":null}")))
                .isInstanceOf(BenchException.class);
    }

    @Test
    void theTableHasTheMedians() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DowntimeReport report = new DowntimeReport(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        report.size(1000, List.of(downtime(300, 330, 20), downtime(500, 520, 10), downtime(400, 1250, 30)));
        report.size(10, List.of(downtime(30, 40, 1), downtime(50, 60, 2)));
        report.table();

        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .contains("| 1,000 | 400 | 300 | 500 | 520 | 330 | 1,250 | lock 20 |")
                .contains("| 10 | 40 | 30 | 50 | 50 | 40 | 60 | lock 2 |");
    }

    private static Downtime downtime(double reported, double observed, double lock) {
        Map<String, Double> steps = new LinkedHashMap<>();
        steps.put("lock", lock);
        return new Downtime(reported, observed, steps);
    }
}
