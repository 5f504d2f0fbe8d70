package org.pgmigrator.cli.render;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import java.util.OptionalDouble;
import org.pgmigrator.core.error.ExitCode;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.progress.ProgressEvent;

/// The fields of each event in JSON. Scripts read them: a name, once used, stays. What is unknown is null.
final class JsonFields {

    private JsonFields() {}

    /// Writes the fields that are the event's own into the object that is open in `json`.
    static void write(JsonGenerator json, ProgressEvent event) throws IOException {
        switch (event) {
            case ProgressEvent.PhaseStarted started -> json.writeStringField("detail", started.detail());
            case ProgressEvent.CopyProgress progress -> write(json, progress);
            case ProgressEvent.Lag lag -> write(json, lag);
            case ProgressEvent.SpoolNews spool -> {
                json.writeStringField("received_lsn", spool.receivedLsn().toString());
                json.writeStringField("durable_lsn", spool.durableLsn().toString());
                json.writeNumberField("spool_bytes", spool.bytes());
                json.writeNumberField("spool_limit_bytes", spool.limitBytes());
                json.writeBooleanField("spool_full", spool.full());
            }
            case ProgressEvent.WireFormatChosen chosen -> {
                json.writeStringField("format", chosen.binary() ? "binary" : "text");
                json.writeStringField("reason", chosen.reason());
            }
            case ProgressEvent.AppliedInOrder ordered -> {
                json.writeStringField("table", ordered.table());
                json.writeBooleanField("barrier", ordered.barrier());
                json.writeStringField("reason", ordered.reason());
            }
            case ProgressEvent.CaughtUp caughtUp -> {
                json.writeStringField("applied_lsn", caughtUp.appliedLsn().toString());
                json.writeNumberField("lag_bytes", caughtUp.lagBytes());
            }
            case ProgressEvent.FellBehind fellBehind -> {
                json.writeStringField("applied_lsn", fellBehind.appliedLsn().toString());
                json.writeNumberField("lag_bytes", fellBehind.lagBytes());
                writeNumber(json, "lag_seconds", fellBehind.lagSeconds());
            }
            case ProgressEvent.CutoverStep step -> {
                json.writeStringField("step", step.step());
                json.writeNumberField("milliseconds", step.elapsed().toMillis());
                json.writeStringField("detail", step.detail());
            }
            case ProgressEvent.CutoverComplete complete -> write(json, complete);
            case ProgressEvent.Finding finding -> write(json, finding);
            case ProgressEvent.VerifyProgress progress -> VerifyJson.write(json, progress);
            case ProgressEvent.VerifyResult result -> VerifyJson.write(json, result);
            case ProgressEvent.Notice notice -> json.writeStringField("text", notice.text());
            case ProgressEvent.Warning warning -> json.writeStringField("text", warning.text());
            case ProgressEvent.Failed failed -> write(json, failed.failure());
            case ProgressEvent.Complete complete -> {
                writeArray(json, "summary", complete.summary());
                json.writeNumberField("exit_code", ExitCode.DONE.number());
            }
        }
    }

    private static void write(JsonGenerator json, ProgressEvent.CopyProgress progress) throws IOException {
        json.writeNumberField("objects_done", progress.objectsDone());
        json.writeNumberField("objects_total", progress.objectsTotal());
        json.writeNumberField("bytes_done", progress.bytesDone());
        json.writeNumberField("bytes_total", progress.bytesTotal());
        json.writeStringField("current", progress.current());
    }

    private static void write(JsonGenerator json, ProgressEvent.Lag lag) throws IOException {
        json.writeStringField("source_lsn", lag.sourceLsn().toString());
        json.writeStringField("received_lsn", lag.receivedLsn().toString());
        json.writeStringField("applied_lsn", lag.appliedLsn().toString());
        json.writeNumberField("lag_bytes", lag.lagBytes());
        writeNumber(json, "lag_seconds", lag.lagSeconds());
        writeNumber(json, "changes_per_second", OptionalDouble.of(lag.changesPerSecond()));
        json.writeStringField("slot_wal_status", lag.slotWalStatus());
        if (lag.retainedBytes().isPresent()) {
            json.writeNumberField("retained_bytes", lag.retainedBytes().getAsLong());
        } else {
            json.writeNullField("retained_bytes");
        }
        if (lag.safeWalBytes().isPresent()) {
            json.writeNumberField("safe_wal_bytes", lag.safeWalBytes().getAsLong());
        } else {
            json.writeNullField("safe_wal_bytes");
        }
        json.writeNumberField("fallbacks", lag.fallbacks());
    }

    private static void write(JsonGenerator json, ProgressEvent.CutoverComplete complete) throws IOException {
        json.writeStringField("final_lsn", complete.finalLsn().toString());
        json.writeNumberField("milliseconds", complete.elapsed().toMillis());
        if (complete.writeDowntime().isPresent()) {
            json.writeNumberField(
                    "write_downtime_ms", complete.writeDowntime().get().toMillis());
        } else {
            json.writeNullField("write_downtime_ms");
        }
    }

    private static void write(JsonGenerator json, ProgressEvent.Finding finding) throws IOException {
        json.writeStringField("severity", finding.severity().name());
        json.writeStringField("check", finding.check());
        json.writeStringField("what", finding.what());
        json.writeStringField("why", finding.why());
        writeArray(json, "remedy", finding.remedy());
    }

    private static void write(JsonGenerator json, Failure failure) throws IOException {
        json.writeStringField("kind", failure.kind().name());
        json.writeStringField("what", failure.what());
        json.writeStringField("why", failure.why());
        json.writeStringField("state", failure.state());
        writeArray(json, "remedy", failure.remedy());
        json.writeNumberField("exit_code", failure.kind().exitCode().number());
    }

    private static void writeArray(JsonGenerator json, String name, List<String> values) throws IOException {
        json.writeArrayFieldStart(name);
        for (String value : values) {
            json.writeString(value);
        }
        json.writeEndArray();
    }

    private static void writeNumber(JsonGenerator json, String name, OptionalDouble number) throws IOException {
        // JSON has neither NaN nor infinity.
        if (number.isPresent() && Double.isFinite(number.getAsDouble())) {
            json.writeNumberField(name, number.getAsDouble());
        } else {
            json.writeNullField(name);
        }
    }
}
