package org.pgmigrator.cli.render;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;

/// One JSON object per line on stdout, each with `time`, `event` and `phase` (null before the first phase).
///
/// Unknown numbers are null. Failures are told on stderr as well, for the person who reads the job's output.
/// Thread-safe: one line at a time.
public final class JsonRenderer implements Renderer {

    private static final JsonFactory FACTORY = new JsonFactory();

    private final PrintStream out;
    private final PrintStream err;
    private final InstantSource clock;

    private @Nullable Phase phase;
    private @Nullable Failure shown;

    public JsonRenderer(PrintStream out, PrintStream err, InstantSource clock) {
        this.out = out;
        this.err = err;
        this.clock = clock;
    }

    @Override
    public synchronized void failed(Failure failure, Optional<Path> log) {
        if (!failure.equals(shown)) {
            on(new ProgressEvent.Failed(failure));
        }
        out.flush();
        err.print(FailureText.of(failure, log, Style.PLAIN));
        err.flush();
    }

    @Override
    public synchronized void on(ProgressEvent event) {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(line)) {
            phase = phaseOf(event, phase);
            json.writeStartObject();
            json.writeStringField(
                    "time", clock.instant().truncatedTo(ChronoUnit.MILLIS).toString());
            json.writeStringField("event", nameOf(event));
            json.writeStringField("phase", phase == null ? null : phase.title());
            JsonFields.write(json, event);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("writing JSON into memory failed", e);
        }
        out.println(line);
        out.flush();
        if (event instanceof ProgressEvent.Failed failed) {
            shown = failed.failure();
        }
    }

    private static @Nullable Phase phaseOf(ProgressEvent event, @Nullable Phase before) {
        return switch (event) {
            case ProgressEvent.PhaseStarted started -> started.phase();
            case ProgressEvent.CopyProgress progress -> progress.phase();
            case ProgressEvent.Lag lag -> lag.phase();
            case ProgressEvent.SpoolNews ignored -> before;
            case ProgressEvent.Finding ignored -> before == null ? Phase.VALIDATE : before;
            case ProgressEvent.WireFormatChosen ignored -> before;
            case ProgressEvent.AppliedInOrder ignored -> before;
            case ProgressEvent.CaughtUp ignored -> before;
            case ProgressEvent.FellBehind ignored -> before;
            case ProgressEvent.CutoverStep ignored -> before;
            case ProgressEvent.CutoverComplete ignored -> before;
            case ProgressEvent.VerifyProgress ignored -> before;
            case ProgressEvent.VerifyResult ignored -> before;
            case ProgressEvent.Notice ignored -> before;
            case ProgressEvent.Warning ignored -> before;
            case ProgressEvent.Failed ignored -> before;
            case ProgressEvent.Complete ignored -> before;
        };
    }

    private static String nameOf(ProgressEvent event) {
        return switch (event) {
            case ProgressEvent.PhaseStarted ignored -> "phase";
            case ProgressEvent.CopyProgress ignored -> "copy_progress";
            case ProgressEvent.Lag ignored -> "lag";
            case ProgressEvent.SpoolNews ignored -> "spool";
            case ProgressEvent.WireFormatChosen ignored -> "wire_format";
            case ProgressEvent.AppliedInOrder ignored -> "applied_in_order";
            case ProgressEvent.CaughtUp ignored -> "caught_up";
            case ProgressEvent.FellBehind ignored -> "fell_behind";
            case ProgressEvent.CutoverStep ignored -> "cutover_step";
            case ProgressEvent.CutoverComplete ignored -> "cutover_complete";
            case ProgressEvent.Finding ignored -> "finding";
            case ProgressEvent.VerifyProgress ignored -> "verify_progress";
            case ProgressEvent.VerifyResult ignored -> "verify_result";
            case ProgressEvent.Notice ignored -> "notice";
            case ProgressEvent.Warning ignored -> "warning";
            case ProgressEvent.Failed ignored -> "failure";
            case ProgressEvent.Complete ignored -> "complete";
        };
    }
}
