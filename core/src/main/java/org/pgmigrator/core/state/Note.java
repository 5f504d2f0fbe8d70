package org.pgmigrator.core.state;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.decoder.Lsn;

/// What the process at work tells the terminal that has asked it for something.
///
/// As text: a word, then the fields, with a character between them that no name and no message holds. It has to fit
/// into a NOTIFY (8,000 bytes), so that long texts are cut.
public sealed interface Note {

    String SEPARATOR = "\u001f";

    /// Of 8,000 bytes, with room for the number of the request; all fields share it.
    int LONGEST_TEXT = 7_500;

    /// It was taken up. `text` says how things stand.
    record Accepted(String text) implements Note {}

    /// Something that happened meanwhile, to be shown as it would be in the process's own terminal.
    record News(ProgressEvent event) implements Note {}

    /// It is done. `summary` is what the process says at its end.
    record Done(List<String> summary) implements Note {
        public Done {
            summary = List.copyOf(summary);
        }
    }

    /// It was not done, and the process goes on as before.
    record NotDone(String reason) implements Note {}

    /// The process itself has ended with this failure.
    record Failed(Failure failure) implements Note {}

    /// Whether nothing comes after it.
    default boolean isLast() {
        return switch (this) {
            case Accepted ignored -> false;
            case News ignored -> false;
            case Done ignored -> true;
            case NotDone ignored -> true;
            case Failed ignored -> true;
        };
    }

    /// The note about this event; empty if it is nothing for another terminal.
    static Optional<Note> about(ProgressEvent event) {
        return switch (event) {
            case ProgressEvent.PhaseStarted ignored -> Optional.of(new News(event));
            case ProgressEvent.CutoverStep ignored -> Optional.of(new News(event));
            case ProgressEvent.CutoverComplete ignored -> Optional.of(new News(event));
            case ProgressEvent.Notice ignored -> Optional.of(new News(event));
            case ProgressEvent.Warning ignored -> Optional.of(new News(event));
            case ProgressEvent.Complete complete -> Optional.of(new Done(complete.summary()));
            case ProgressEvent.CopyProgress ignored -> Optional.empty();
            case ProgressEvent.Lag ignored -> Optional.empty();
            case ProgressEvent.SpoolNews ignored -> Optional.empty();
            case ProgressEvent.WireFormatChosen ignored -> Optional.empty();
            case ProgressEvent.AppliedInOrder ignored -> Optional.empty();
            case ProgressEvent.CaughtUp ignored -> Optional.empty();
            case ProgressEvent.FellBehind ignored -> Optional.empty();
            case ProgressEvent.VerifyProgress ignored -> Optional.empty();
            case ProgressEvent.VerifyResult ignored -> Optional.empty();
            case ProgressEvent.Finding ignored -> Optional.empty();
            case ProgressEvent.Failed ignored -> Optional.empty();
        };
    }

    default String encode() {
        return switch (this) {
            case Accepted accepted -> join("accepted", accepted.text());
            case News news -> encode(news.event());
            case Done done -> join("done", done.summary().toArray(String[]::new));
            case NotDone notDone -> join("not-done", notDone.reason());
            case Failed failed -> encode(failed.failure());
        };
    }

    private static String encode(Failure failure) {
        List<String> fields =
                new ArrayList<>(List.of(failure.kind().name(), failure.what(), failure.why(), failure.state()));
        String remedy = String.join("\n", failure.remedy());
        fields.add(remedy);
        return join("failed", fields.toArray(String[]::new));
    }

    private static String encode(ProgressEvent event) {
        return switch (event) {
            case ProgressEvent.PhaseStarted started ->
                join("phase", started.phase().name(), started.detail());
            case ProgressEvent.CutoverStep step ->
                join("step", step.step(), Long.toString(step.elapsed().toNanos()), step.detail());
            case ProgressEvent.CutoverComplete complete ->
                join(
                        "complete",
                        complete.finalLsn().toString(),
                        Long.toString(complete.elapsed().toNanos()),
                        complete.writeDowntime()
                                .map(downtime -> Long.toString(downtime.toNanos()))
                                .orElse(""));
            case ProgressEvent.Notice notice -> join("notice", notice.text());
            case ProgressEvent.Warning warning -> join("warning", warning.text());
            default -> throw new IllegalArgumentException("nothing for another terminal: " + event);
        };
    }

    private static String join(String word, String... fields) {
        StringBuilder text = new StringBuilder(word);
        for (String field : fields) {
            text.append(SEPARATOR).append(cut(field.replace(SEPARATOR, " "), LONGEST_TEXT / fields.length));
        }
        return text.toString();
    }

    /// At most `limit` bytes, never in the middle of a character.
    private static String cut(String text, int limit) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= limit) {
            return text;
        }
        int end = limit - 3;
        while ((bytes[end] & 0xC0) == 0x80) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8) + "…";
    }

    /// The note of this text. A word that a later version may say is a notice here.
    static Note decode(String text) {
        List<String> fields = Arrays.asList(text.split(SEPARATOR, -1));
        return switch (fields.getFirst()) {
            case "accepted" -> new Accepted(fields.get(1));
            case "done" -> new Done(fields.subList(1, fields.size()));
            case "not-done" -> new NotDone(fields.get(1));
            case "failed" ->
                new Failed(new Failure(
                        FailureKind.valueOf(fields.get(1)),
                        fields.get(2),
                        fields.get(3),
                        fields.get(4),
                        fields.get(5).lines().toList()));
            case "phase" -> new News(new ProgressEvent.PhaseStarted(Phase.valueOf(fields.get(1)), fields.get(2)));
            case "step" -> new News(new ProgressEvent.CutoverStep(fields.get(1), nanos(fields.get(2)), fields.get(3)));
            case "complete" ->
                new News(new ProgressEvent.CutoverComplete(
                        Lsn.parse(fields.get(1)),
                        nanos(fields.get(2)),
                        fields.get(3).isEmpty() ? Optional.empty() : Optional.of(nanos(fields.get(3)))));
            case "warning" -> new News(new ProgressEvent.Warning(fields.get(1)));
            case "notice" -> new News(new ProgressEvent.Notice(fields.get(1)));
            default -> new News(new ProgressEvent.Notice(String.join(" ", fields)));
        };
    }

    private static Duration nanos(String text) {
        return Duration.ofNanos(Long.parseLong(text));
    }
}
