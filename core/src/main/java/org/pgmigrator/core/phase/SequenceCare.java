package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.cutover.SequenceMoves;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.state.MigrationRecord;
import org.pgmigrator.core.state.SourceServer;
import org.pgmigrator.core.validate.CarriedSequences;

/// The target's sequences, outside of a cutover: with a migration running, stopped or over, or none of ours at all.
public final class SequenceCare {

    private static final Session SESSION = Session.named("sequences");

    private final Database target;
    private final String subscription;
    private final FilterConfig filter;

    /// @param filter which are meant; if it is everything, those of the migration, if the target remembers one
    public SequenceCare(Database target, String subscription, FilterConfig filter) {
        this.target = target;
        this.subscription = subscription;
        this.filter = filter;
    }

    /// Brings them to where the source's are. See [SequenceMoves#sync].
    ///
    /// @throws MigrationException SLOT_MISMATCH if the target's migration comes from another source
    public SequenceMoves.Result sync(Database source, long buffer, boolean backwards) {
        try (Connection to = target.connect(SESSION)) {
            try (Connection from = source.connect(SESSION)) {
                Optional<MigrationRecord> migration = MigrationRecord.read(to, subscription);
                if (migration.isPresent()) {
                    migration.get().origin().source().requireGiven(SourceServer.read(from));
                }
                Set<QualifiedName> carried = carried(from, migration);
                return SequenceMoves.sync(from, to, carried::contains, buffer, backwards);
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The sequences could not be synchronised.", refusal);
        }
    }

    /// Moves them further. See [SequenceMoves#advance].
    public SequenceMoves.Result advance(long increments) {
        try (Connection to = target.connect(SESSION)) {
            Set<QualifiedName> carried = carried(to, MigrationRecord.read(to, subscription));
            return SequenceMoves.advance(to, carried::contains, increments);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The sequences could not be advanced.", refusal);
        }
    }

    private Set<QualifiedName> carried(Connection connection, Optional<MigrationRecord> migration) throws SQLException {
        FilterConfig effective = filter.isEverything()
                ? migration.map(found -> found.origin().filter()).orElse(filter)
                : filter;
        return Set.copyOf(CarriedSequences.read(
                connection,
                effective,
                Catalog.tables(connection).stream()
                        .filter(table -> table.isCarriedBy(effective))
                        .toList()));
    }
}
