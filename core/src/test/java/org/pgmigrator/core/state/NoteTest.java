package org.pgmigrator.core.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.decoder.Lsn;

class NoteTest {

    static Stream<Note> notes() {
        return Stream.of(
                new Note.Accepted("the running migration cuts over"),
                new Note.NotDone("line one\nline two"),
                new Note.Done(List.of("all of it", "")),
                new Note.Failed(new Failure(
                        FailureKind.SLOT_INVALIDATED,
                        "Slot \"s\" is lost.",
                        "",
                        "serving",
                        List.of("first", "second"))),
                new Note.News(new ProgressEvent.PhaseStarted(Phase.CUTOVER, "no lock")),
                new Note.News(new ProgressEvent.CutoverStep("drain", Duration.ofNanos(41_000_123), "")),
                new Note.News(
                        new ProgressEvent.CutoverComplete(Lsn.parse("1/2A"), Duration.ofMillis(12), Optional.empty())),
                new Note.News(new ProgressEvent.CutoverComplete(
                        Lsn.parse("1/2A"), Duration.ofMillis(12), Optional.of(Duration.ofMillis(7)))),
                new Note.News(new ProgressEvent.Notice("Grüße")),
                new Note.News(new ProgressEvent.Warning("still written to")));
    }

    @ParameterizedTest
    @MethodSource("notes")
    void whatIsSaidIsWhatIsHeard(Note note) {
        assertThat(Note.decode(note.encode())).isEqualTo(note);
    }

    @Test
    void anythingThatIsTooLongForANotificationIsCutBetweenTwoCharacters() {
        String endless = "ä€𝄞".repeat(4_000);
        for (Note note : List.of(
                new Note.NotDone(endless),
                new Note.Done(List.of(endless, endless, endless, endless, endless, endless)),
                new Note.Failed(new Failure(FailureKind.BUG, endless, endless, endless, List.of(endless, endless))))) {
            String text = note.encode();
            assertThat(text.getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(7_900);
            assertThat(text).contains("…").doesNotContain("\uFFFD");
            assertThat(Note.decode(text).isLast()).isTrue();
        }
    }

    @Test
    void aSeparatorInsideATextDoesNotShiftTheFields() {
        Note heard = Note.decode(
                new Note.News(new ProgressEvent.CutoverStep("a\u001fb", Duration.ofNanos(1), "c")).encode());

        assertThat(heard).isEqualTo(new Note.News(new ProgressEvent.CutoverStep("a b", Duration.ofNanos(1), "c")));
    }

    @Test
    void aWordOfALaterVersionIsANotice() {
        assertThat(Note.decode("frobnicated\u001fx"))
                .isEqualTo(new Note.News(new ProgressEvent.Notice("frobnicated x")));
    }
}
