package org.pgmigrator.cli.render;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.pgmigrator.core.progress.ProgressEvent.VerifyProgress;
import org.pgmigrator.core.progress.ProgressEvent.VerifyResult;

/// The fields of a comparison's events in JSON. What was not counted or not hashed is null.
final class VerifyJson {

    private VerifyJson() {}

    static void write(JsonGenerator json, VerifyProgress progress) throws IOException {
        json.writeNumberField("tables_done", progress.tablesDone());
        json.writeNumberField("tables_total", progress.tablesTotal());
        json.writeNumberField("rows_read", progress.rowsRead());
        json.writeNumberField("rows_total", progress.rowsTotal());
    }

    static void write(JsonGenerator json, VerifyResult result) throws IOException {
        json.writeStringField("level", result.level().name().toLowerCase(Locale.ROOT));
        json.writeStringField("object", result.object());
        json.writeBooleanField("equal", result.equal());
        rows(json, "source_rows", result.sourceRows());
        rows(json, "target_rows", result.targetRows());
        text(json, "source_hash", result.sourceHash());
        text(json, "target_hash", result.targetHash());
        texts(json, "differences", result.differences());
        texts(json, "keys", result.keys());
        json.writeNumberField("more_keys", result.moreKeys());
        text(json, "source_sql", result.sourceSql());
        text(json, "target_sql", result.targetSql());
        json.writeNumberField("milliseconds", result.elapsed().toMillis());
    }

    private static void rows(JsonGenerator json, String name, OptionalLong rows) throws IOException {
        if (rows.isPresent()) {
            json.writeNumberField(name, rows.getAsLong());
        } else {
            json.writeNullField(name);
        }
    }

    private static void text(JsonGenerator json, String name, String text) throws IOException {
        json.writeStringField(name, text.isEmpty() ? null : text);
    }

    private static void texts(JsonGenerator json, String name, List<String> texts) throws IOException {
        json.writeArrayFieldStart(name);
        for (String text : texts) {
            json.writeString(text);
        }
        json.writeEndArray();
    }
}
