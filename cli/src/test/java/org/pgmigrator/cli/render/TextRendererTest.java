package org.pgmigrator.cli.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.progress.OnInterrupt;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressEvent.Finding.Severity;
import org.pgmigrator.decoder.Lsn;

class TextRendererTest {

    private final Captured out = new Captured();
    private final Captured err = new Captured();
    private final TestClock clock = new TestClock();
    private OnInterrupt meaning = OnInterrupt.NOTHING;
    private final TextRenderer renderer =
            new TextRenderer(out.stream(), err.stream(), clock, clock::nanoTime, Style.PLAIN, () -> meaning, true);

    private static ProgressEvent.Lag lag(OptionalDouble seconds, String status, OptionalLong retained) {
        return new ProgressEvent.Lag(
                Phase.STREAM_APPLY,
                Lsn.parse("0/5B6C1F8"),
                Lsn.parse("0/5A3D000"),
                Lsn.parse("0/5A3C1F8"),
                1_245_184,
                seconds,
                3410.2,
                status,
                retained,
                OptionalLong.empty(),
                0);
    }

    @Test
    void aHeartbeatIsOneLineWithItsFieldsInOrder() {
        meaning = OnInterrupt.CUT_OVER;
        renderer.on(lag(OptionalDouble.of(0.81), "reserved", OptionalLong.of(12 * 1024 * 1024)));

        assertThat(out.text().lines().findFirst())
                .contains("12:04:31 StreamApply: replication lag 1,245,184 bytes (0.8 s) · applied 0/5A3C1F8 · "
                        + "3,410 changes/s · slot ok · WAL held 12.0 MB · Ctrl+C cuts over");
    }

    @Test
    void whatIsUnknownIsShownAsUnknown() {
        renderer.on(lag(OptionalDouble.empty(), "", OptionalLong.empty()));

        assertThat(out.text())
                .contains("(time unknown)")
                .contains("slot unknown")
                .contains("WAL held unknown");
    }

    @Test
    void aSlotInDangerIsNotOk() {
        renderer.on(lag(OptionalDouble.of(1), "unreserved", OptionalLong.empty()));
        renderer.on(lag(OptionalDouble.of(1), "lost", OptionalLong.empty()));

        assertThat(out.text())
                .contains("slot ABOUT TO BE LOST")
                .contains("slot LOST")
                .doesNotContain("slot ok");
    }

    @Test
    void beforeTheCutoverTheScreenSaysThatWritesMustHaveStopped() {
        meaning = OnInterrupt.CUT_OVER;
        renderer.on(new ProgressEvent.PhaseStarted(Phase.STREAM_APPLY, ""));

        assertThat(out.text())
                .contains("Ctrl+C now: cut over. The source's tables are locked")
                .contains("kill -TERM");
    }

    @Test
    void whatCtrlCDoesIsToldWhenItChangesAndOnceAMinute() {
        meaning = OnInterrupt.STOP_AND_REMOVE;
        renderer.on(new ProgressEvent.Notice("a"));
        renderer.on(new ProgressEvent.Notice("b"));
        assertThat(out.text().split("Ctrl\\+C now", -1)).hasSize(2);

        meaning = OnInterrupt.CUT_OVER;
        renderer.on(new ProgressEvent.Notice("c"));
        assertThat(out.text().split("Ctrl\\+C now", -1)).hasSize(3);

        clock.advance(Duration.ofSeconds(61));
        renderer.on(new ProgressEvent.Notice("d"));
        assertThat(out.text().split("Ctrl\\+C now", -1)).hasSize(4);
    }

    @Test
    void theCopyNeverShowsHundredPercentBeforeItsEnd() {
        renderer.on(new ProgressEvent.CopyProgress(Phase.DUMP, 39, 40, 5_000, 4_000, "public.orders"));
        renderer.on(new ProgressEvent.CopyProgress(Phase.DUMP, 40, 40, 3_900, 4_000, ""));

        assertThat(out.text())
                .contains("Dump: 39 of 40 objects · 4.9 kB of about 3.9 kB (99 %) · public.orders")
                .contains("Dump: 40 of 40 objects · 3.8 kB of about 3.9 kB (100 %)");
    }

    @Test
    void theCopyTellsALineEveryOtherSecond() {
        for (int i = 0; i < 30; i++) {
            renderer.on(new ProgressEvent.CopyProgress(Phase.RESTORE, i, 40, 0, 0, ""));
            clock.advance(Duration.ofMillis(100));
        }

        assertThat(out.text().lines().filter(line -> line.contains("Restore:"))).hasSize(2);
    }

    @Test
    void aClockThatIsSetBackDoesNotSilenceTheScreen() {
        meaning = OnInterrupt.STOP_AND_REMOVE;
        renderer.on(new ProgressEvent.CopyProgress(Phase.RESTORE, 1, 40, 0, 0, ""));
        clock.jump(Duration.ofHours(-3));
        clock.advance(Duration.ofSeconds(61));
        renderer.on(new ProgressEvent.CopyProgress(Phase.RESTORE, 2, 40, 0, 0, ""));

        assertThat(out.text().lines().filter(line -> line.contains("Restore:"))).hasSize(2);
        assertThat(out.text().split("Ctrl\\+C now", -1)).hasSize(3);
    }

    @Test
    void aClockThatIsSetForwardDoesNotFloodTheScreen() {
        meaning = OnInterrupt.STOP_AND_REMOVE;
        for (int i = 0; i < 10; i++) {
            renderer.on(new ProgressEvent.CopyProgress(Phase.RESTORE, i, 40, 0, 0, ""));
            clock.jump(Duration.ofHours(3));
        }

        assertThat(out.text().lines().filter(line -> line.contains("Restore:"))).hasSize(1);
        assertThat(out.text().split("Ctrl\\+C now", -1)).hasSize(2);
    }

    @Test
    void passedChecksAreCountedAndTheOthersToldInFull() {
        renderer.on(new ProgressEvent.Finding(Severity.OK, "versions", "15 to 17", "", List.of()));
        renderer.on(new ProgressEvent.Finding(Severity.OK, "encoding", "UTF8", "", List.of()));
        renderer.on(new ProgressEvent.Finding(
                Severity.WARNING,
                "sequences",
                "3 sequences are near their end.",
                "maxvalue",
                List.of("ALTER SEQUENCE")));
        renderer.on(new ProgressEvent.PhaseStarted(Phase.PREPARE_SNAPSHOT, "creating the slot"));

        assertThat(out.text())
                .contains("Validate: 2 checks passed")
                .contains("WARNING  sequences: 3 sequences are near their end.")
                .contains("do     ALTER SYSTEM".replace("SYSTEM", "SEQUENCE"))
                .contains("PrepareSnapshot: creating the slot");
    }

    @Test
    void theCutoverIsToldStepByStep() {
        renderer.on(new ProgressEvent.CutoverStep("drain", Duration.ofMillis(12), "the target has passed 0/20"));
        renderer.on(new ProgressEvent.CutoverComplete(
                Lsn.parse("0/20"), Duration.ofMillis(340), Optional.of(Duration.ofMillis(120))));
        renderer.on(new ProgressEvent.Complete(List.of("12 tables", "3 sequences")));

        assertThat(out.text())
                .contains("Cutover: drain (12 ms): the target has passed 0/20")
                .contains("Cutover: complete at 0/20 · 340 ms from the wish to the open target · writes kept away for "
                        + "120 ms")
                .endsWith("""
                        12:04:31 Done.
                                 12 tables
                                 3 sequences
                        """);
    }

    @Test
    void aFailureThatAnEventHasToldIsNotToldTwice() {
        Failure failure = Failure.of(FailureKind.STREAM_BROKEN, "the stream broke.", "reset");
        renderer.on(new ProgressEvent.Failed(failure));
        renderer.failed(failure, Optional.empty());
        assertThat(err.text().split("error STREAM_BROKEN", -1)).hasSize(2);

        renderer.failed(failure.withState("slot kept"), Optional.empty());
        assertThat(err.text().split("error STREAM_BROKEN", -1)).hasSize(3);
        assertThat(out.text()).doesNotContain("STREAM_BROKEN");
    }

    @Test
    void coloursAreOnlyForTerminals() {
        renderer.on(new ProgressEvent.Warning("w"));
        assertThat(out.text()).doesNotContain("\u001b");

        Captured coloured = new Captured();
        new TextRenderer(coloured.stream(), err.stream(), clock, Style.COLOURED, () -> meaning)
                .on(new ProgressEvent.Warning("w"));
        assertThat(coloured.text()).startsWith("\r12:04:31 ").contains("\u001b[1;33mwarning\u001b[0m: w");
    }
}
