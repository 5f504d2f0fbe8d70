package org.pgmigrator.cli.render;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.status.StatusReport;
import org.pgmigrator.core.status.StatusReport.Account;
import org.pgmigrator.core.status.StatusReport.SourceSide;

/// How a migration stands as one JSON object. Scripts read it: a name, once used, stays. What is unknown is null.
public final class StatusJson {

    private static final JsonFactory FACTORY = new JsonFactory();

    private final StatusReport report;
    private final JsonGenerator json;

    private StatusJson(StatusReport report, JsonGenerator json) {
        this.report = report;
        this.json = json;
    }

    /// One line, not ended.
    public static String of(StatusReport report, Instant now) {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(line)) {
            new StatusJson(report, json).write(now);
        } catch (IOException e) {
            throw new UncheckedIOException("writing JSON into memory failed", e);
        }
        return line.toString();
    }

    private void write(Instant now) throws IOException {
        Optional<StatusReport.Migration> migration = report.migration();
        json.writeStartObject();
        json.writeStringField("time", now.truncatedTo(ChronoUnit.MILLIS).toString());
        json.writeStringField("event", "status");
        text("phase", migration.map(found -> found.phase().title()));
        json.writeStringField("subscription", report.subscription());
        json.writeBooleanField("migration", migration.isPresent());
        list("migrations", report.others());
        text("started_at", migration.map(found -> found.startedAt().toString()));
        json.writeBooleanField(
                "complete", migration.map(StatusReport.Migration::opened).orElse(false));
        json.writeBooleanField(
                "aborting", migration.map(StatusReport.Migration::aborting).orElse(false));
        process();
        positions();
        slot(migration);
        list("created", migration.map(StatusReport.Migration::created).orElse(List.of()));
        list("next", report.next());
        json.writeBooleanField("safe_to_cut_over", report.verdict().safe());
        json.writeStringField("why", report.verdict().why());
        json.writeEndObject();
    }

    private void process() throws IOException {
        json.writeBooleanField("process_at_work", report.worker().isPresent());
        Optional<Account> account = report.account();
        text("process_host", account.map(Account::host));
        number("process_id", account.map(Account::processId));
        text(
                "process_since",
                report.worker().flatMap(StatusReport.Worker::since).map(Instant::toString));
        number("process_heard_ms", account.map(said -> said.age().toMillis()));
        text("process_ending", account.map(Account::ending).filter(ending -> !ending.isEmpty()));
        Optional<Account> present = account.filter(said -> report.worker().isPresent());
        text("on_interrupt", present.map(said -> said.onInterrupt().name()));
        text("detail", present.map(Account::detail));
        text("warning", present.map(Account::warning).filter(warning -> !warning.isEmpty()));
        text("apply", present.map(Account::apply));
        json.writeNumberField("apply_lanes", report.lanes().size());
        text("wire_format", present.map(Account::wireFormat).filter(format -> !format.isEmpty()));
        text("wire_format_reason", present.map(Account::formatReason).filter(reason -> !reason.isEmpty()));
        list("tables_in_order", present.map(Account::inOrder).orElse(List.of()));
        number("fallbacks", present.map(said -> (long) said.fallbacks()));
        number("objects_done", present.flatMap(Account::copied).map(StatusReport.Copied::objectsDone));
        number("objects_total", present.flatMap(Account::copied).map(StatusReport.Copied::objectsTotal));
        number("bytes_done", present.flatMap(Account::copied).map(StatusReport.Copied::bytesDone));
        number("bytes_total", present.flatMap(Account::copied).map(StatusReport.Copied::bytesTotal));
        decimal("changes_per_second", present.map(Account::changesPerSecond).orElse(OptionalDouble.empty()));
        decimal("lag_seconds", present.map(Account::lagSeconds).orElse(OptionalDouble.empty()));
        text("received_lsn", present.flatMap(Account::receivedLsn).map(Object::toString));
    }

    private void positions() throws IOException {
        text("source_lsn", report.source().map(source -> source.flushed().toString()));
        text("applied_lsn", report.leastLane().map(lane -> lane.applied().toString()));
        list(
                "lanes_applied_lsn",
                report.lanes().stream().map(lane -> lane.applied().toString()).toList());
        text("confirmed_lsn", report.source().flatMap(SourceSide::confirmed).map(Object::toString));
        whole("lag_bytes", report.lagBytes());
        decimal("source_bytes_per_second", rate(report.rates().map(StatusReport.Rates::written)));
        decimal("applied_bytes_per_second", rate(report.rates().map(StatusReport.Rates::applied)));
    }

    private static OptionalDouble rate(Optional<Double> rate) {
        return rate.map(OptionalDouble::of).orElse(OptionalDouble.empty());
    }

    private void slot(Optional<StatusReport.Migration> migration) throws IOException {
        Optional<SourceSide> source = report.source();
        text("spool_dir", report.spool().map(StatusReport.Spool::directory));
        text("spool_host", report.spool().map(StatusReport.Spool::host));
        text(
                "spool_confirmed_lsn",
                report.spool().map(spool -> spool.confirmedUpto().toString()));
        number("spool_bytes", report.spool().map(StatusReport.Spool::bytes));
        number("spool_limit_bytes", report.spool().map(StatusReport.Spool::limitBytes));
        text("copy_complete", report.copy().map(StatusReport.Copy::complete));
        number("copy_parts_done", report.copy().map(copy -> (long) copy.partsDone()));
        number("copy_parts_total", report.copy().map(copy -> (long) copy.partsTotal()));
        text("snapshot_holder", report.copy().flatMap(StatusReport.Copy::holder));
        text("source_unknown", Optional.of(report.sourceUnknown()).filter(why -> !why.isEmpty()));
        text("slot", migration.map(StatusReport.Migration::slot));
        text("slot_wal_status", source.map(SourceSide::walStatus));
        truth("slot_active", source.map(SourceSide::active));
        whole("retained_bytes", source.map(SourceSide::retainedBytes).orElse(OptionalLong.empty()));
        whole("safe_wal_bytes", source.map(SourceSide::safeBytes).orElse(OptionalLong.empty()));
        number("pinned_bytes", source.map(SourceSide::pinnedBytes));
        text("pinned_by", source.flatMap(SourceSide::pinnedBy));
        list("schema_changes", source.map(SourceSide::schemaChanges).orElse(List.of()));
        list("prepared_transactions", source.map(SourceSide::prepared).orElse(List.of()));
        truth("source_closed", source.map(side -> side.closedSince().isPresent()));
        truth("source_locked", source.map(side -> side.lock().isPresent()));
        number("source_locked_tables", source.flatMap(SourceSide::lock).map(lock -> (long) lock.relations()));
        number("source_waiting_sessions", source.flatMap(SourceSide::lock).map(lock -> (long) lock.writers()));
    }

    private void text(String name, Optional<String> value) throws IOException {
        json.writeStringField(name, orNull(value));
    }

    private static @Nullable String orNull(Optional<String> value) {
        return value.isPresent() ? value.get() : null;
    }

    private void number(String name, Optional<Long> value) throws IOException {
        whole(name, value.map(OptionalLong::of).orElse(OptionalLong.empty()));
    }

    private void whole(String name, OptionalLong value) throws IOException {
        if (value.isPresent()) {
            json.writeNumberField(name, value.getAsLong());
        } else {
            json.writeNullField(name);
        }
    }

    private void decimal(String name, OptionalDouble value) throws IOException {
        // JSON has neither NaN nor infinity.
        if (value.isPresent() && Double.isFinite(value.getAsDouble())) {
            json.writeNumberField(name, value.getAsDouble());
        } else {
            json.writeNullField(name);
        }
    }

    private void truth(String name, Optional<Boolean> value) throws IOException {
        if (value.isPresent()) {
            json.writeBooleanField(name, value.get());
        } else {
            json.writeNullField(name);
        }
    }

    private void list(String name, List<String> values) throws IOException {
        json.writeArrayFieldStart(name);
        for (String value : values) {
            json.writeString(value);
        }
        json.writeEndArray();
    }
}
