package org.pgmigrator.core.state;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.Phase;

/// What the target remembers of a migration, read by anybody: without the lease, and without changing anything.
///
/// @param phase       how far it came; before STREAM_APPLY the copy was not complete
/// @param aborting    whether `abort` has begun and did not come to its end
/// @param fingerprint the source's catalogue as it was copied; empty before the copy was complete
/// @param journal     what was created and not undone, last deed first
public record MigrationRecord(
        Phase phase,
        Instant startedAt,
        Instant updatedAt,
        boolean aborting,
        MigrationOrigin origin,
        Optional<CatalogFingerprint> fingerprint,
        List<StateStore.Undo> journal) {

    public MigrationRecord {
        journal = List.copyOf(journal);
    }

    /// Empty if the target does not know this migration, or none at all.
    public static Optional<MigrationRecord> read(Connection target, String subscription) throws SQLException {
        if (!exists(target)) {
            return Optional.empty();
        }
        try (PreparedStatement statement =
                target.prepareStatement("select phase, started_at, updated_at, aborting, fingerprint, "
                        + MigrationOrigin.COLUMNS + " from pgmigrator.migration where subscription = ?")) {
            statement.setString(1, subscription);
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                return Optional.of(new MigrationRecord(
                        Phase.valueOf(row.getString(1)),
                        row.getObject(2, OffsetDateTime.class).toInstant(),
                        row.getObject(3, OffsetDateTime.class).toInstant(),
                        row.getBoolean(4),
                        MigrationOrigin.read(row, 6),
                        Optional.ofNullable(row.getString(5)).map(CatalogFingerprint::parse),
                        StateStore.readJournal(target, subscription)));
            }
        }
    }

    /// Whether the target is open, as [#isOpened] says, once every session that may be opening it has ended its
    /// transaction.
    ///
    /// @param patience for such a session, whose answer nobody has heard
    public static boolean hasOpened(Connection target, String subscription, Duration patience) throws SQLException {
        try (Statement settings = target.createStatement();
                PreparedStatement statement = target.prepareStatement(
                        "select id from pgmigrator.journal where subscription = ? order by id for update")) {
            settings.execute("set lock_timeout = " + patience.toMillis());
            statement.setString(1, subscription);
            statement.executeQuery().close();
            settings.execute("set lock_timeout = 0");
        }
        return read(target, subscription).filter(MigrationRecord::isOpened).isPresent();
    }

    static boolean exists(Connection target) throws SQLException {
        return Catalog.value(target, "select to_regclass('pgmigrator.migration')::text") != null;
    }

    /// The names of all migrations that this target remembers.
    public static List<String> names(Connection target) throws SQLException {
        List<String> names = new ArrayList<>();
        if (exists(target)) {
            try (PreparedStatement statement =
                            target.prepareStatement("select subscription from pgmigrator.migration order by 1");
                    ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    names.add(row.getString(1));
                }
            }
        }
        return names;
    }

    /// Whether the target is open: it was proved, and of what had closed it nothing is left. From here on going back
    /// may
    /// lose what the application wrote to it. (Behind a fence there is no way back either, which only the source
    /// knows.)
    public boolean isOpened() {
        return phase == Phase.CUTOVER && journal.stream().noneMatch(entry -> entry.side() == Side.TARGET);
    }
}
