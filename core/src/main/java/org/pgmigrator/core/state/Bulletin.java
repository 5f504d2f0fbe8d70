package org.pgmigrator.core.state;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.progress.OnInterrupt;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.decoder.Lsn;

/// How the process at work stands, by its own account, for other terminals: one row, replaced every few seconds.
///
/// Whether there is a process at all, the row cannot tell: that is the lease's to say.
///
/// @param process     who writes this
/// @param phase       where it is; before the first phase VALIDATE
/// @param detail      what the phase is about, or the cutover's last step
/// @param onInterrupt what Ctrl+C in its terminal would do
/// @param copy        the last news of the copy; empty outside of it
/// @param apply       what is known of how changes are written
/// @param lag         the last heartbeat of the stream; empty before it
/// @param warning     the last warning; empty if there was none
/// @param writtenAt   by the target's clock
/// @param lagAt       when the heartbeat was, by the target's clock
/// @param endedAt     when the process ended in order; empty while it runs, and if it was killed
/// @param ending      how it ended
public record Bulletin(
        Author process,
        Phase phase,
        String detail,
        OnInterrupt onInterrupt,
        Optional<CopyNews> copy,
        ApplyNews apply,
        Optional<LagNews> lag,
        String warning,
        Instant writtenAt,
        Optional<Instant> lagAt,
        Optional<Instant> endedAt,
        String ending) {

    /// Who is at work.
    ///
    /// @param host      the machine's name
    /// @param processId the operating system's
    /// @param apply     how changes are written: `windows` or `strict`
    public record Author(String host, long processId, String apply) {}

    /// How far the copy is; see [ProgressEvent.CopyProgress].
    public record CopyNews(long objectsDone, long objectsTotal, long bytesDone, long bytesTotal) {
        /// As the event says.
        public static CopyNews of(ProgressEvent.CopyProgress event) {
            return new CopyNews(event.objectsDone(), event.objectsTotal(), event.bytesDone(), event.bytesTotal());
        }
    }

    /// How changes are written.
    ///
    /// @param wireFormat    `text` or `binary`; empty before it is chosen
    /// @param formatReason  why
    /// @param inOrder       tables whose changes are written one by one, and why, a line each
    /// @param fallbacks     how often the target has refused a table's net changes
    public record ApplyNews(String wireFormat, String formatReason, List<String> inOrder, int fallbacks) {

        /// Nothing is known yet.
        public static final ApplyNews NONE = new ApplyNews("", "", List.of(), 0);

        public ApplyNews {
            inOrder = List.copyOf(inOrder);
        }

        /// The same with the form in which values come.
        public ApplyNews with(ProgressEvent.WireFormatChosen event) {
            return new ApplyNews(event.binary() ? "binary" : "text", event.reason(), inOrder, fallbacks);
        }

        /// The last word on a table counts.
        public ApplyNews with(ProgressEvent.AppliedInOrder event) {
            String table = event.table() + ": ";
            Stream<String> others = inOrder.stream().filter(line -> !line.startsWith(table));
            List<String> lines =
                    Stream.concat(others, Stream.of(table + event.reason())).toList();
            return new ApplyNews(wireFormat, formatReason, lines, fallbacks);
        }

        /// The same with the number of refusals so far.
        public ApplyNews withFallbacks(int count) {
            return new ApplyNews(wireFormat, formatReason, inOrder, count);
        }
    }

    /// What a heartbeat said; see [ProgressEvent.Lag].
    public record LagNews(
            Lsn source, Lsn received, Lsn applied, long bytes, OptionalDouble seconds, double changesPerSecond) {
        /// As the event says.
        public static LagNews of(ProgressEvent.Lag event) {
            return new LagNews(
                    event.sourceLsn(),
                    event.receivedLsn(),
                    event.appliedLsn(),
                    event.lagBytes(),
                    event.lagSeconds(),
                    event.changesPerSecond());
        }
    }

    static void createTable(Connection target) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.execute("""
                    create table if not exists pgmigrator.bulletin (
                        subscription text primary key,
                        host text not null,
                        process_id bigint not null,
                        apply text not null,
                        phase text not null,
                        detail text not null,
                        on_interrupt text not null,
                        objects_done bigint,
                        objects_total bigint,
                        bytes_done bigint,
                        bytes_total bigint,
                        source_lsn pg_lsn,
                        received_lsn pg_lsn,
                        applied_lsn pg_lsn,
                        lag_bytes bigint,
                        lag_seconds float8,
                        changes_per_second float8,
                        lag_at timestamptz,
                        warning text not null,
                        written_at timestamptz not null,
                        ended_at timestamptz,
                        ending text not null,
                        wire_format text not null,
                        format_reason text not null,
                        in_order text[] not null,
                        fallbacks int not null
                    ) with (fillfactor = 20)""");
        }
    }

    /// What is written; the times are the server's.
    ///
    /// @param lagAgeMillis how long ago the heartbeat was
    /// @param ended        whether this is the last word
    public record Draft(
            Author process,
            Phase phase,
            String detail,
            OnInterrupt onInterrupt,
            @Nullable CopyNews copy,
            ApplyNews apply,
            @Nullable LagNews lag,
            long lagAgeMillis,
            String warning,
            boolean ended,
            String ending) {

        /// Replaces what was there. Commits if the session does.
        public void write(Connection target, String subscription) throws SQLException {
            try (PreparedStatement statement = target.prepareStatement("""
                    insert into pgmigrator.bulletin values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::pg_lsn, ?::pg_lsn, ?::pg_lsn,
                        ?, ?, ?, case when ? then clock_timestamp() - ? * interval '1 millisecond' end, ?,
                        clock_timestamp(), case when ? then clock_timestamp() end, ?, ?, ?, ?, ?)
                    on conflict (subscription) do update set host = excluded.host, process_id = excluded.process_id,
                        apply = excluded.apply, phase = excluded.phase, detail = excluded.detail,
                        on_interrupt = excluded.on_interrupt, objects_done = excluded.objects_done,
                        objects_total = excluded.objects_total, bytes_done = excluded.bytes_done,
                        bytes_total = excluded.bytes_total, source_lsn = excluded.source_lsn,
                        received_lsn = excluded.received_lsn, applied_lsn = excluded.applied_lsn,
                        lag_bytes = excluded.lag_bytes, lag_seconds = excluded.lag_seconds,
                        changes_per_second = excluded.changes_per_second, lag_at = excluded.lag_at,
                        warning = excluded.warning, written_at = excluded.written_at, ended_at = excluded.ended_at,
                        ending = excluded.ending, wire_format = excluded.wire_format,
                        format_reason = excluded.format_reason, in_order = excluded.in_order,
                        fallbacks = excluded.fallbacks""")) {
                statement.setString(1, subscription);
                statement.setString(2, process.host());
                statement.setLong(3, process.processId());
                statement.setString(4, process.apply());
                statement.setString(5, phase.name());
                statement.setString(6, detail);
                statement.setString(7, onInterrupt.name());
                set(statement, 8, copy == null ? null : copy.objectsDone());
                set(statement, 9, copy == null ? null : copy.objectsTotal());
                set(statement, 10, copy == null ? null : copy.bytesDone());
                set(statement, 11, copy == null ? null : copy.bytesTotal());
                statement.setString(12, lag == null ? null : lag.source().toString());
                statement.setString(13, lag == null ? null : lag.received().toString());
                statement.setString(14, lag == null ? null : lag.applied().toString());
                set(statement, 15, lag == null ? null : lag.bytes());
                statement.setObject(
                        16,
                        lag == null || lag.seconds().isEmpty()
                                ? null
                                : lag.seconds().getAsDouble(),
                        Types.DOUBLE);
                statement.setObject(17, lag == null ? null : lag.changesPerSecond(), Types.DOUBLE);
                statement.setBoolean(18, lag != null);
                statement.setLong(19, lagAgeMillis);
                statement.setString(20, warning);
                statement.setBoolean(21, ended);
                statement.setString(22, ending);
                statement.setString(23, apply.wireFormat());
                statement.setString(24, apply.formatReason());
                statement.setArray(
                        25, target.createArrayOf("text", apply.inOrder().toArray()));
                statement.setInt(26, apply.fallbacks());
                statement.executeUpdate();
            }
        }

        private static void set(PreparedStatement statement, int parameter, @Nullable Long value) throws SQLException {
            statement.setObject(parameter, value, Types.BIGINT);
        }
    }

    /// The last one; empty if no process has written any.
    public static Optional<Bulletin> read(Connection target, String subscription) throws SQLException {
        try (PreparedStatement statement = target.prepareStatement("""
                select host, process_id, apply, phase, detail, on_interrupt, objects_done, objects_total, bytes_done,
                       bytes_total, source_lsn::text, received_lsn::text, applied_lsn::text, lag_bytes, lag_seconds,
                       changes_per_second, lag_at, warning, written_at, ended_at, ending, wire_format,
                       format_reason, in_order, fallbacks
                from pgmigrator.bulletin where subscription = ?""")) {
            statement.setString(1, subscription);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(read(row)) : Optional.empty();
            }
        }
    }

    private static Bulletin read(ResultSet row) throws SQLException {
        return new Bulletin(
                new Author(row.getString(1), row.getLong(2), row.getString(3)),
                Phase.valueOf(row.getString(4)),
                row.getString(5),
                OnInterrupt.valueOf(row.getString(6)),
                row.getString(7) == null
                        ? Optional.empty()
                        : Optional.of(new CopyNews(row.getLong(7), row.getLong(8), row.getLong(9), row.getLong(10))),
                new ApplyNews(
                        row.getString(22),
                        row.getString(23),
                        List.of((String[]) row.getArray(24).getArray()),
                        row.getInt(25)),
                row.getString(11) == null ? Optional.empty() : Optional.of(lag(row)),
                row.getString(18),
                row.getObject(19, OffsetDateTime.class).toInstant(),
                Optional.ofNullable(row.getObject(17, OffsetDateTime.class)).map(OffsetDateTime::toInstant),
                Optional.ofNullable(row.getObject(20, OffsetDateTime.class)).map(OffsetDateTime::toInstant),
                row.getString(21));
    }

    private static LagNews lag(ResultSet row) throws SQLException {
        double seconds = row.getDouble(15);
        return new LagNews(
                Lsn.parse(row.getString(11)),
                Lsn.parse(row.getString(12)),
                Lsn.parse(row.getString(13)),
                row.getLong(14),
                row.getString(15) == null ? OptionalDouble.empty() : OptionalDouble.of(seconds),
                row.getDouble(16));
    }
}
