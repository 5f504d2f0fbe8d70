package org.pgmigrator.cli.render;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressEvent.Finding.Severity;
import org.pgmigrator.decoder.Lsn;

class JsonRendererTest {

    private final Captured out = new Captured();
    private final Captured err = new Captured();
    private final TestClock clock = new TestClock();
    private final JsonRenderer renderer = new JsonRenderer(out.stream(), err.stream(), clock);

    private String afterTime() {
        String line = out.text().lines().reduce((before, last) -> last).orElseThrow();
        assertThat(line).startsWith("{\"time\":\"" + clock.instant() + "\",");
        return "{" + line.substring(line.indexOf(',') + 1);
    }

    @Test
    void eachEventHasTheFieldsThatScriptsReadInThisOrder() {
        renderer.on(new ProgressEvent.Notice("before any phase"));
        assertThat(afterTime()).isEqualTo("{\"event\":\"notice\",\"phase\":null,\"text\":\"before any phase\"}");

        renderer.on(new ProgressEvent.Finding(Severity.ERROR, "wal-level", "w", "y", List.of("do this")));
        assertThat(afterTime())
                .isEqualTo(
                        "{\"event\":\"finding\",\"phase\":\"Validate\",\"severity\":\"ERROR\",\"check\":\"wal-level\","
                                + "\"what\":\"w\",\"why\":\"y\",\"remedy\":[\"do this\"]}");

        renderer.on(new ProgressEvent.PhaseStarted(Phase.DUMP, "two workers"));
        assertThat(afterTime()).isEqualTo("{\"event\":\"phase\",\"phase\":\"Dump\",\"detail\":\"two workers\"}");

        renderer.on(new ProgressEvent.CopyProgress(Phase.DUMP, 1, 2, 3, 4, "public.a"));
        assertThat(afterTime())
                .isEqualTo("{\"event\":\"copy_progress\",\"phase\":\"Dump\",\"objects_done\":1,\"objects_total\":2,"
                        + "\"bytes_done\":3,\"bytes_total\":4,\"current\":\"public.a\"}");

        renderer.on(new ProgressEvent.Warning("careful"));
        assertThat(afterTime()).isEqualTo("{\"event\":\"warning\",\"phase\":\"Dump\",\"text\":\"careful\"}");
    }

    @Test
    void theLagIsNumbersAndWhatIsUnknownIsNull() {
        renderer.on(new ProgressEvent.Lag(
                Phase.STREAM_APPLY,
                Lsn.parse("1/3"),
                Lsn.parse("1/2"),
                Lsn.parse("1/1"),
                2,
                OptionalDouble.empty(),
                Double.NaN,
                "reserved",
                OptionalLong.empty(),
                OptionalLong.of(7),
                3));
        assertThat(afterTime())
                .isEqualTo(
                        "{\"event\":\"lag\",\"phase\":\"StreamApply\",\"source_lsn\":\"1/3\",\"received_lsn\":\"1/2\","
                                + "\"applied_lsn\":\"1/1\",\"lag_bytes\":2,\"lag_seconds\":null,\"changes_per_second\":null,"
                                + "\"slot_wal_status\":\"reserved\",\"retained_bytes\":null,\"safe_wal_bytes\":7,\"fallbacks\":3}");
    }

    @Test
    void aTableThatIsWrittenInOrderIsToldWithTheReason() {
        renderer.on(new ProgressEvent.PhaseStarted(Phase.STREAM_APPLY, ""));
        renderer.on(new ProgressEvent.AppliedInOrder("public.t", true, "trigger a fires"));
        assertThat(afterTime())
                .isEqualTo("{\"event\":\"applied_in_order\",\"phase\":\"StreamApply\",\"table\":\"public.t\","
                        + "\"barrier\":true,\"reason\":\"trigger a fires\"}");
    }

    @Test
    void theCutoverIsToldInMilliseconds() {
        renderer.on(new ProgressEvent.PhaseStarted(Phase.CUTOVER, ""));
        renderer.on(new ProgressEvent.CutoverStep("drain", Duration.ofMillis(12), "d"));
        assertThat(afterTime())
                .isEqualTo("{\"event\":\"cutover_step\",\"phase\":\"Cutover\",\"step\":\"drain\",\"milliseconds\":12,"
                        + "\"detail\":\"d\"}");

        renderer.on(new ProgressEvent.CutoverComplete(
                Lsn.parse("0/20"), Duration.ofMillis(340), Optional.of(Duration.ofMillis(120))));
        assertThat(afterTime())
                .isEqualTo("{\"event\":\"cutover_complete\",\"phase\":\"Cutover\",\"final_lsn\":\"0/20\","
                        + "\"milliseconds\":340,\"write_downtime_ms\":120}");

        renderer.on(new ProgressEvent.CutoverComplete(Lsn.parse("0/20"), Duration.ZERO, Optional.empty()));
        assertThat(afterTime()).endsWith("\"write_downtime_ms\":null}");

        renderer.on(new ProgressEvent.Complete(List.of("a", "b")));
        assertThat(afterTime())
                .isEqualTo("{\"event\":\"complete\",\"phase\":\"Cutover\",\"summary\":[\"a\",\"b\"],\"exit_code\":0}");
    }

    @Test
    void theSpoolTellsItsSizeItsLimitAndItsPositions() {
        renderer.on(new ProgressEvent.SpoolNews(Lsn.parse("0/2"), Lsn.parse("0/1"), 5, 10, false));
        assertThat(afterTime())
                .isEqualTo("{\"event\":\"spool\",\"phase\":null,\"received_lsn\":\"0/2\",\"durable_lsn\":\"0/1\","
                        + "\"spool_bytes\":5,\"spool_limit_bytes\":10,\"spool_full\":false}");
    }

    @Test
    void caughtUpAndFellBehindCarryPositionAndLag() {
        renderer.on(new ProgressEvent.CaughtUp(Lsn.parse("0/1"), 5));
        assertThat(afterTime())
                .isEqualTo("{\"event\":\"caught_up\",\"phase\":null,\"applied_lsn\":\"0/1\",\"lag_bytes\":5}");
        renderer.on(new ProgressEvent.FellBehind(Lsn.parse("0/1"), 6, OptionalDouble.of(12.5)));
        assertThat(afterTime())
                .isEqualTo(
                        "{\"event\":\"fell_behind\",\"phase\":null,\"applied_lsn\":\"0/1\",\"lag_bytes\":6,\"lag_seconds\":12.5}");
    }

    @Test
    void aFailureIsOneLineOnStdoutAndATextOnStderr() {
        Failure failure =
                Failure.of(FailureKind.SLOT_MISSING, "it is gone.", "why").withState("state");
        renderer.failed(failure, Optional.empty());

        assertThat(afterTime())
                .isEqualTo("{\"event\":\"failure\",\"phase\":null,\"kind\":\"SLOT_MISSING\",\"what\":\"it is gone.\","
                        + "\"why\":\"why\",\"state\":\"state\",\"remedy\":[\"" + FailureKind.SLOT_MISSING.remedy()
                        + "\"],\"exit_code\":5}");
        assertThat(err.text()).startsWith("error SLOT_MISSING: it is gone.\n");
    }

    @Test
    void anyTextIsOneLineOfValidJson() throws IOException {
        renderer.on(new ProgressEvent.Notice("quotes \" and \\ and\nlines and \u0000 and ü"));

        assertThat(out.text().lines()).hasSize(1);
        try (JsonParser parser = new JsonFactory().createParser(out.text())) {
            List<String> texts = new ArrayList<>();
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token == JsonToken.VALUE_STRING) {
                    texts.add(parser.getText());
                }
            }
            assertThat(texts).contains("quotes \" and \\ and\nlines and \u0000 and ü");
        }
    }
}
