package org.pgmigrator.core.validate;

import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.ClientTools;
import org.pgmigrator.core.postgres.CatalogTable;

/// What the checks have proved, at the moment they ran: nothing has been created yet, and nothing of it is durable.
///
/// @param tools the pg_dump and pg_restore to use
public record Validated(SourceFacts source, TargetFacts target, ClientTools tools) {

    /// The source.
    ///
    /// @param systemIdentifier of its cluster; empty only offline, where the role may not read it
    /// @param timeline         as `IDENTIFY_SYSTEM` says; 0 where it is unknown, which can only be offline
    /// @param carried          every table that is carried, sorted by name: ordinary ones, partitions, partition roots
    ///                         and unlogged ones
    /// @param streamed         those of `carried` whose changes the stream brings: permanent, with rows of their own
    /// @param unlogged         those of `carried` that are copied at the snapshot only
    /// @param published        what the publication has to list: a partition root in place of its partitions where all
    ///                         of them are carried, otherwise the table itself (with ONLY: inheritance children are
    ///                         listed on their own)
    /// @param insertOnly       what the second publication, of inserts and truncates alone, has to list; empty unless
    ///                         `--without-identity` is insert-only
    /// @param withoutIdentity  the tables of `streamed` without usable replica identity; under `--without-identity
    /// full`
    ///                         those that need REPLICA IDENTITY FULL before they are published
    /// @param sequences        the carried ones: those of carried tables, and what the filter lets through beside them
    /// @param alwaysIdentity   columns GENERATED ALWAYS AS IDENTITY, which the target must take values for
    /// @param largeObjects     how many there are, carried or not
    public record SourceFacts(
            int versionNum,
            int major,
            Optional<String> systemIdentifier,
            long timeline,
            String database,
            String role,
            List<CatalogTable> carried,
            List<CatalogTable> streamed,
            List<CatalogTable> unlogged,
            List<CatalogTable> published,
            List<CatalogTable> insertOnly,
            List<CatalogTable> withoutIdentity,
            List<QualifiedName> sequences,
            List<AlwaysIdentity> alwaysIdentity,
            long largeObjects) {

        public SourceFacts {
            carried = List.copyOf(carried);
            streamed = List.copyOf(streamed);
            unlogged = List.copyOf(unlogged);
            published = List.copyOf(published);
            insertOnly = List.copyOf(insertOnly);
            withoutIdentity = List.copyOf(withoutIdentity);
            sequences = List.copyOf(sequences);
            alwaysIdentity = List.copyOf(alwaysIdentity);
        }
    }

    /// A column GENERATED ALWAYS AS IDENTITY of a carried table.
    public record AlwaysIdentity(QualifiedName table, String column) {}

    /// The target.
    ///
    /// @param mayReplicate whether the role may set `session_replication_role`
    /// @param mayClose     whether the role owns the database, and so may set its `default_transaction_read_only`
    public record TargetFacts(
            int versionNum, int major, String database, String role, boolean mayReplicate, boolean mayClose) {}
}
