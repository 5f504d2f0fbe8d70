package org.pgmigrator.core.state;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.apply.SlotIdentity;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.DoneMarks;
import org.pgmigrator.core.copy.RowUnit;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.decoder.Lsn;

/// What the target remembers of a copy, so that another run can go on with it: slot and snapshot as one thing, and what
/// is complete. In tables of their own: `pgmigrator.copy`, and `pgmigrator.copy_part` with the parts of the rows.
///
/// @param slot        the slot that the copy is exact to
/// @param visible     what its snapshot sees; no other one may be read under
/// @param snapshot    as the process at work has exported it, for `snapshot-holder`
/// @param fingerprint the tables, as the snapshot sees them
/// @param step        what is complete
/// @param began       when the snapshot was taken
public record CopyRecord(
        SlotIdentity slot, String visible, String snapshot, CatalogFingerprint fingerprint, Step step, Instant began) {

    /// Two runs number their parts alike, and may read under different snapshots.
    private static final String WHILE_OURS =
            " and exists (select from pgmigrator.migration where subscription = ? and process = ?)";

    /// What of a copy is complete, in this order.
    public enum Step {
        /// The slot and its snapshot.
        SNAPSHOT,
        /// Also the tables, without rows.
        DEFINITIONS,
        /// Also their rows.
        ROWS,
        /// Also large objects and the values of sequences. The snapshot is not needed from here on.
        LARGE_OBJECTS,
        /// Also indexes, constraints and triggers.
        INDEXES;

        /// Whether something is still to be read under the snapshot.
        public boolean needsSnapshot() {
            return compareTo(LARGE_OBJECTS) < 0;
        }

        /// `rows and indexes are complete`: for the screen.
        public String words() {
            return switch (this) {
                case SNAPSHOT -> "slot and snapshot are there";
                case DEFINITIONS -> "the tables are there";
                case ROWS, LARGE_OBJECTS -> "the rows are complete";
                case INDEXES -> "rows and indexes are complete";
            };
        }
    }

    static void createTables(Connection target) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.execute("""
                    create table if not exists pgmigrator.copy (
                        subscription text primary key,
                        source_system_identifier text not null,
                        source_timeline int not null,
                        slot text not null,
                        consistent_point pg_lsn not null,
                        visible text not null,
                        snapshot text not null,
                        fingerprint text not null,
                        step text not null,
                        began_at timestamptz not null default clock_timestamp()
                    )""");
            statement.execute("""
                    create table if not exists pgmigrator.copy_part (
                        subscription text not null,
                        number int not null,
                        table_schema text not null,
                        table_name text not null,
                        first_page bigint not null,
                        end_page bigint,
                        bytes bigint not null,
                        row_count bigint,
                        done_at timestamptz,
                        primary key (subscription, number)
                    )""");
        }
    }

    static boolean exists(Connection target) throws SQLException {
        return Catalog.value(target, "select to_regclass('pgmigrator.copy')::text") != null;
    }

    /// What there is; empty before a copy has its snapshot, and once the stream has begun.
    public static Optional<CopyRecord> read(Connection target, String subscription) throws SQLException {
        if (!exists(target)) {
            return Optional.empty();
        }
        try (PreparedStatement statement = target.prepareStatement(
                "select source_system_identifier, source_timeline, slot, consistent_point::text, visible, snapshot,"
                        + " fingerprint, step, began_at from pgmigrator.copy where subscription = ?")) {
            statement.setString(1, subscription);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? Optional.of(new CopyRecord(
                                new SlotIdentity(
                                        row.getString(1), row.getInt(2), row.getString(3), Lsn.parse(row.getString(4))),
                                row.getString(5),
                                row.getString(6),
                                CatalogFingerprint.parse(row.getString(7)),
                                Step.valueOf(row.getString(8)),
                                row.getObject(9, OffsetDateTime.class).toInstant()))
                        : Optional.empty();
            }
        }
    }

    /// A copy begins: nothing of an earlier one counts.
    public void begin(Connection target, String subscription) throws SQLException {
        remove(target, subscription);
        try (PreparedStatement insert = target.prepareStatement("insert into pgmigrator.copy"
                + " (subscription, source_system_identifier, source_timeline, slot, consistent_point, visible, snapshot,"
                + " fingerprint, step) values (?, ?, ?, ?, ?::pg_lsn, ?, ?, ?, ?)")) {
            insert.setString(1, subscription);
            insert.setString(2, slot.systemIdentifier());
            insert.setInt(3, slot.timeline());
            insert.setString(4, slot.slot());
            insert.setString(5, slot.consistentPoint().toString());
            insert.setString(6, visible);
            insert.setString(7, snapshot);
            insert.setString(8, fingerprint.toText());
            insert.setString(9, step.name());
            insert.executeUpdate();
        }
    }

    /// The process at work holds the snapshot under this name from now on.
    public static void exported(Connection target, String subscription, String snapshot) throws SQLException {
        update(target, subscription, "snapshot", snapshot);
    }

    /// All up to this step is complete.
    public static void reached(Connection target, String subscription, Step step) throws SQLException {
        update(target, subscription, "step", step.name());
    }

    private static void update(Connection target, String subscription, String column, String value)
            throws SQLException {
        try (PreparedStatement update =
                target.prepareStatement("update pgmigrator.copy set " + column + " = ? where subscription = ?")) {
            update.setString(1, value);
            update.setString(2, subscription);
            update.executeUpdate();
        }
    }

    /// The tables are there, and these are the parts of their rows: both or neither.
    public static void planned(Connection target, String subscription, List<RowUnit> plan) throws SQLException {
        target.setAutoCommit(false);
        try (PreparedStatement earlier =
                        target.prepareStatement("delete from pgmigrator.copy_part where subscription = ?");
                PreparedStatement insert = target.prepareStatement("insert into pgmigrator.copy_part"
                        + " (subscription, number, table_schema, table_name, first_page, end_page, bytes)"
                        + " values (?, ?, ?, ?, ?, ?, ?)")) {
            // Of an attempt whose COMMIT was not answered.
            earlier.setString(1, subscription);
            earlier.executeUpdate();
            for (RowUnit unit : plan) {
                insert.setString(1, subscription);
                insert.setInt(2, unit.number());
                insert.setString(3, unit.table().schema());
                insert.setString(4, unit.table().name());
                insert.setLong(5, unit.firstPage());
                insert.setObject(6, endPage(unit));
                insert.setLong(7, unit.bytes());
                insert.addBatch();
            }
            insert.executeBatch();
            reached(target, subscription, Step.DEFINITIONS);
            target.commit();
        } finally {
            target.rollback();
            target.setAutoCommit(true);
        }
    }

    private static @Nullable Long endPage(RowUnit unit) {
        return unit.endPage().isPresent() ? unit.endPage().getAsLong() : null;
    }

    /// The parts of the rows, and which of them are complete.
    ///
    /// @param done their numbers
    public record Parts(List<RowUnit> plan, List<Integer> done) {
        public Parts {
            plan = List.copyOf(plan);
            done = List.copyOf(done);
        }
    }

    /// In the order of their numbers; none before the tables are there.
    public static Parts parts(Connection target, String subscription) throws SQLException {
        List<RowUnit> plan = new ArrayList<>();
        List<Integer> done = new ArrayList<>();
        try (PreparedStatement statement = target.prepareStatement(
                "select number, table_schema, table_name, first_page, end_page, bytes, done_at is not null"
                        + " from pgmigrator.copy_part where subscription = ? order by number")) {
            statement.setString(1, subscription);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    long end = row.getLong(5);
                    boolean ended = row.wasNull();
                    plan.add(new RowUnit(
                            row.getInt(1),
                            new QualifiedName(row.getString(2), row.getString(3)),
                            row.getLong(4),
                            ended ? OptionalLong.empty() : OptionalLong.of(end),
                            row.getLong(6)));
                    if (row.getBoolean(7)) {
                        done.add(row.getInt(1));
                    }
                }
            }
        }
        return new Parts(plan, done);
    }

    /// The marks of one migration, as long as it is this process's.
    public static DoneMarks marks(String subscription, UUID process) {
        return new DoneMarks() {
            @Override
            public boolean isDone(Connection target, RowUnit unit) throws SQLException {
                return "t"
                        .equals(Catalog.value(
                                target,
                                "select exists (select from pgmigrator.copy_part where subscription = ? and number = ?"
                                        + " and done_at is not null" + WHILE_OURS + ")",
                                subscription,
                                unit.number(),
                                subscription,
                                process));
            }

            @Override
            public void mark(Connection target, RowUnit unit, long rows) throws SQLException {
                try (PreparedStatement update = target.prepareStatement("update pgmigrator.copy_part"
                        + " set row_count = ?, done_at = clock_timestamp()"
                        + " where subscription = ? and number = ? and done_at is null" + WHILE_OURS)) {
                    update.setLong(1, rows);
                    update.setString(2, subscription);
                    update.setInt(3, unit.number());
                    update.setString(4, subscription);
                    update.setObject(5, process);
                    if (update.executeUpdate() != 1) {
                        throw new MigrationException(Failure.of(
                                FailureKind.TARGET_IN_USE,
                                "The rows of " + unit + " were copied by somebody else meanwhile.",
                                "their mark is set, or gone, so that what was just written is taken back"));
                    }
                }
            }
        };
    }

    /// Of a copy that is complete, or given up.
    public static void remove(Connection target, String subscription) throws SQLException {
        if (!exists(target)) {
            return;
        }
        for (String table : List.of("copy", "copy_part")) {
            try (PreparedStatement delete =
                    target.prepareStatement("delete from pgmigrator." + table + " where subscription = ?")) {
                delete.setString(1, subscription);
                delete.executeUpdate();
            }
        }
    }
}
