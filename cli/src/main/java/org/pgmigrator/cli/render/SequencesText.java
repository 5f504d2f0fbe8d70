package org.pgmigrator.cli.render;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.pgmigrator.core.cutover.SequenceMoves;
import org.pgmigrator.core.cutover.SequenceMoves.Move;
import org.pgmigrator.core.cutover.SequenceMoves.What;

/// What became of the sequences: a line for each that was not simply in its place, or counts for a program.
public final class SequencesText {

    private static final JsonFactory FACTORY = new JsonFactory();

    private SequencesText() {}

    /// `public.orders_id_seq: next value 42 → 1042`.
    public static List<String> lines(SequenceMoves.Result result) {
        return result.moves().stream()
                .filter(move -> move.what() != What.UNCHANGED || move.atEnd())
                .map(SequencesText::line)
                .toList();
    }

    private static String line(Move move) {
        String what = switch (move.what()) {
            case MOVED -> "next value " + move.from() + " → " + move.to();
            case UNCHANGED -> "next value " + move.to() + ", as it was";
            case KEPT_AHEAD -> "stays at next value " + move.to() + ", which is further";
            case CYCLES -> "stays at next value " + move.to() + ", because it cycles";
        };
        return move.name() + ": " + what + (move.atEnd() ? "; IT IS AT ITS LIMIT and has no further value" : "");
    }

    /// `12 sequences: 10 moved, 1 in place, 1 further and kept`.
    public static String summary(SequenceMoves.Result result) {
        return result.moves().size() + (result.moves().size() == 1 ? " sequence: " : " sequences: ")
                + result.count(What.MOVED) + " moved, " + result.count(What.UNCHANGED) + " in place, "
                + result.count(What.KEPT_AHEAD) + " further and kept, " + result.count(What.CYCLES)
                + " kept because they cycle" + (result.atEnd() == 0 ? "" : "; " + result.atEnd() + " AT THEIR LIMIT");
    }

    /// One line, not ended.
    public static String json(String action, SequenceMoves.Result result, Instant now) {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(line)) {
            json.writeStartObject();
            json.writeStringField("time", now.truncatedTo(ChronoUnit.MILLIS).toString());
            json.writeStringField("event", "sequences");
            json.writeNullField("phase");
            json.writeStringField("action", action);
            json.writeNumberField("moved", result.count(What.MOVED));
            json.writeNumberField("unchanged", result.count(What.UNCHANGED));
            json.writeNumberField("kept_ahead", result.count(What.KEPT_AHEAD));
            json.writeNumberField("kept_cycling", result.count(What.CYCLES));
            json.writeNumberField("at_limit", result.atEnd());
            json.writeNumberField("missing", result.missing().size());
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("writing JSON into memory failed", e);
        }
        return line.toString();
    }
}
