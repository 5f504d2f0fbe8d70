package org.pgmigrator.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// That the benchmark works, at a thousandth of its size; figures are for a machine that does nothing else.
@Timeout(240)
class ApplyBenchIT {

    private static String run(String... arguments) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        assertThat(ApplyBench.execute(out, arguments)).isZero();
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void everyContenderBringsTheSameRowsOver() {
        String report = run("--workloads", "mixed", "--scale", "0.02", "--runs", "1", "--no-fsync");
        for (String contender : Contender.NAMES) {
            assertThat(report).containsPattern("mixed run 1 " + contender + ": [0-9.]+ s");
        }
        assertThat(report).contains("| mixed | median s |");
    }

    @Test
    void everyBacklogArrives() {
        String report = run("--contenders", "builtin,windows", "--scale", "0.001", "--runs", "1", "--no-fsync");
        for (String workload : Backlog.NAMES) {
            assertThat(report).containsPattern(workload + " run 1 windows: [0-9.]+ s");
        }
    }

    @Test
    void theLatencyOfALiveStreamIsMeasured() {
        String report =
                run("--latency", "--contenders", "windows", "--latency-seconds", "1", "--runs", "1", "--no-fsync");
        assertThat(report).containsPattern("\\| windows \\| [0-9.]+ \\| .* \\| 200 \\|");
    }
}
