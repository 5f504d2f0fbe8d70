package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.decoder.Lsn;

/// The progress row: how far the target is, written in the same target transaction as the rows it speaks of.
///
/// One row per subscription and lane in `pgmigrator.progress`. What all lanes have is the least of their positions. All
/// methods run on the caller's connection and in its transaction.
public final class Progress {

    private static final String KEY = " where subscription = ?";

    private Progress() {}

    /// What the row says.
    ///
    /// @param applied      commit end of the last transaction that is on the target: the only key to resume from
    /// @param confirmedUpto what may have been confirmed to the source beyond it, while the stream was idle
    /// @param marker       content of the last marker message that was applied
    public record Row(
            SlotIdentity identity,
            Lsn applied,
            Lsn confirmedUpto,
            Optional<String> marker,
            Optional<Lsn> markerEndLsn) {

        /// Everything before this position is on the target, and may be confirmed.
        public Lsn confirmable() {
            return applied.max(confirmedUpto);
        }
    }

    public static void createTable(Connection target) throws SQLException {
        try (Statement statement = target.createStatement()) {
            // Updated all the time and never indexed but by its key: room for HOT updates.
            statement.execute("""
                    create table if not exists pgmigrator.progress (
                        subscription text not null,
                        lane int not null,
                        source_system_identifier text not null,
                        source_timeline int not null,
                        slot text not null,
                        consistent_point pg_lsn not null,
                        applied_end_lsn pg_lsn not null,
                        confirmed_upto pg_lsn not null,
                        marker text,
                        marker_end_lsn pg_lsn,
                        owner uuid,
                        updated_at timestamptz not null default now(),
                        primary key (subscription, lane)
                    ) with (fillfactor = 20)""");
        }
    }

    /// Sets the row to the slot's consistent point: the copy is what the target has.
    public static void initialise(Connection target, String subscription, SlotIdentity identity) throws SQLException {
        remove(target, subscription);
        try (PreparedStatement statement = target.prepareStatement("""
                insert into pgmigrator.progress (subscription, lane, source_system_identifier, source_timeline, slot,
                    consistent_point, applied_end_lsn, confirmed_upto)
                values (?, 0, ?, ?, ?, ?::pg_lsn, ?::pg_lsn, ?::pg_lsn)""")) {
            statement.setString(1, subscription);
            statement.setString(2, identity.systemIdentifier());
            statement.setInt(3, identity.timeline());
            statement.setString(4, identity.slot());
            for (int i = 5; i <= 7; i++) {
                statement.setString(i, identity.consistentPoint().toString());
            }
            statement.executeUpdate();
        }
    }

    public static void remove(Connection target, String subscription) throws SQLException {
        try (PreparedStatement statement = target.prepareStatement("delete from pgmigrator.progress" + KEY)) {
            statement.setString(1, subscription);
            statement.executeUpdate();
        }
    }

    /// The row of the lane that is furthest behind: what it has, all have.
    public static Optional<Row> read(Connection target, String subscription) throws SQLException {
        List<Row> lanes = readLanes(target, subscription);
        return lanes.stream().min(Comparator.comparing(Row::applied));
    }

    /// The rows of all lanes, by their numbers; empty without progress.
    public static List<Row> readLanes(Connection target, String subscription) throws SQLException {
        List<Row> lanes = new ArrayList<>();
        try (PreparedStatement statement = target.prepareStatement("""
                select source_system_identifier, source_timeline, slot, consistent_point::text, applied_end_lsn::text,
                       confirmed_upto::text, marker, marker_end_lsn::text
                from pgmigrator.progress""" + KEY + " order by lane")) {
            statement.setString(1, subscription);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    lanes.add(new Row(
                            new SlotIdentity(
                                    row.getString(1), row.getInt(2), row.getString(3), Lsn.parse(row.getString(4))),
                            Lsn.parse(row.getString(5)),
                            Lsn.parse(row.getString(6)),
                            Optional.ofNullable(row.getString(7)),
                            Optional.ofNullable(row.getString(8)).map(Lsn::parse)));
                }
            }
        }
        return lanes;
    }

    /// Takes the advisory lock of a lane, which its session holds as long as it lives: an earlier session of it may
    /// still be at its work, and what it commits must be read, not overtaken.
    ///
    /// @throws MigrationException TARGET_IN_USE if another session keeps the lock for longer than `limit`
    static void takeLease(Connection target, String subscription, int lane, Duration limit)
            throws SQLException, InterruptedException {
        Lease.take(
                target,
                lane == 0 ? subscription : subscription + " lane " + lane,
                limit,
                "Another session applies changes to this target for subscription \"" + subscription + "\".");
    }

    /// Takes the rows, once the leases of all lanes are held.
    static List<Row> takeOver(Connection target, String subscription, UUID owner, Duration limit) throws SQLException {
        own(target, subscription, owner, limit);
        List<Row> lanes = readLanes(target, subscription);
        if (lanes.isEmpty()) {
            throw new MigrationException(Failure.of(
                    FailureKind.NOTHING_TO_RESUME,
                    "The target has no progress of subscription \"" + subscription + "\".",
                    ""));
        }
        return lanes;
    }

    /// A session that is still ending may hold the rows: it commits or not, but it can never commit after this.
    private static void own(Connection target, String subscription, UUID owner, Duration limit) throws SQLException {
        try (Statement settings = target.createStatement();
                PreparedStatement statement =
                        target.prepareStatement("update pgmigrator.progress set owner = ?::uuid" + KEY)) {
            settings.execute("set lock_timeout = " + limit.toMillis());
            statement.setString(1, owner.toString());
            statement.setString(2, subscription);
            statement.executeUpdate();
            settings.execute("set lock_timeout = 0");
        } catch (SQLException refusal) {
            if (SqlState.LOCK_NOT_AVAILABLE.equals(refusal.getSQLState())) {
                throw new MigrationException(
                        Failure.of(
                                FailureKind.TARGET_IN_USE,
                                "A session of an earlier run still holds the progress of subscription \"" + subscription
                                        + "\".",
                                "its transaction has not ended within " + limit.toSeconds() + " s"),
                        refusal);
            }
            throw refusal;
        }
    }

    /// Gives the subscription another number of lanes. Their rows must all say the same: what a lane has depends on how
    /// many there are.
    static void setLanes(Connection target, String subscription, int lanes) throws SQLException {
        try (PreparedStatement more = target.prepareStatement("""
                        insert into pgmigrator.progress
                        select subscription, n, source_system_identifier, source_timeline, slot, consistent_point,
                               applied_end_lsn, confirmed_upto, marker, marker_end_lsn, owner, now()
                        from pgmigrator.progress, generate_series(1, ?) n where subscription = ? and lane = 0
                        on conflict do nothing""");
                PreparedStatement fewer =
                        target.prepareStatement("delete from pgmigrator.progress" + KEY + " and lane >= ?")) {
            more.setInt(1, lanes - 1);
            more.setString(2, subscription);
            more.executeUpdate();
            fewer.setString(1, subscription);
            fewer.setInt(2, lanes);
            fewer.executeUpdate();
        }
    }

    /// Who moves which rows: all lanes of a subscription, or one of them.
    ///
    /// @param lane  the number of the only lane; empty for all
    /// @param lanes how many rows that are
    record Mover(String subscription, UUID owner, OptionalInt lane, int lanes) {}

    /// Moves rows, in the transaction of the rows that they speak of: a compare-and-set. If it does not hit exactly
    /// those
    /// that this session started from, somebody else has applied in between, and nothing of this transaction may be
    /// committed.
    static void advance(Connection target, Mover mover, Lsn from, Lsn to, Lsn confirmedUpto, Marker marker)
            throws SQLException {
        String lane = mover.lane().isPresent() ? " and lane = " + mover.lane().getAsInt() : "";
        try (PreparedStatement statement =
                target.prepareStatement("""
                update pgmigrator.progress
                set applied_end_lsn = ?::pg_lsn, confirmed_upto = ?::pg_lsn, updated_at = clock_timestamp(),
                    marker = coalesce(?, marker), marker_end_lsn = coalesce(?::pg_lsn, marker_end_lsn)""" + KEY + lane + " and applied_end_lsn = ?::pg_lsn and owner = ?::uuid")) {
            statement.setString(1, to.toString());
            statement.setString(2, confirmedUpto.toString());
            statement.setString(3, marker.content().orElse(null));
            statement.setString(4, marker.endLsn().map(Lsn::toString).orElse(null));
            statement.setString(5, mover.subscription());
            statement.setString(6, from.toString());
            statement.setString(7, mover.owner().toString());
            if (statement.executeUpdate() != mover.lanes()) {
                throw new MigrationException(Failure.of(
                        FailureKind.TARGET_IN_USE,
                        "The progress of subscription \"" + mover.subscription() + "\" is no longer at " + from + ".",
                        "another pg-migrator has taken over; what this session was about to commit is rolled back"));
            }
        }
    }

    /// A marker that was applied in this transaction, if there was one.
    record Marker(Optional<String> content, Optional<Lsn> endLsn) {
        static final Marker NONE = new Marker(Optional.empty(), Optional.empty());
    }
}
