package org.pgmigrator.core.config;

import java.util.Optional;

/// Everything the operator asked for. Components are given their slice, never the whole.
///
/// @param source the source's libpq connection string (URI or keyword/value); hidden, because it may hold a password
/// @param target the target's libpq connection string
/// @param mode   online or offline
/// @param spool  where received changes are kept until the target has them; empty: the source keeps its WAL
/// @param resume go on with a migration that was stopped
/// @param assumeYes answer every question with yes
public record MigrationConfig(
        Secret source,
        Secret target,
        Mode mode,
        ReplicationConfig replication,
        ApplyConfig apply,
        CopyConfig copy,
        FilterConfig filter,
        LagConfig lag,
        CutoverConfig cutover,
        Optional<SpoolConfig> spool,
        boolean resume,
        boolean assumeYes) {

    public MigrationConfig {
        if (spool.isPresent() && apply.wireFormat() == ApplyConfig.WireFormat.BINARY) {
            throw new IllegalArgumentException(
                    "--wire-format binary is not to be had with a spool: changes are received"
                            + " before the target has tables to compare with");
        }
    }

    /// Without a spool.
    public MigrationConfig(
            Secret source,
            Secret target,
            Mode mode,
            ReplicationConfig replication,
            ApplyConfig apply,
            CopyConfig copy,
            FilterConfig filter,
            LagConfig lag,
            CutoverConfig cutover,
            boolean resume,
            boolean assumeYes) {
        this(source, target, mode, replication, apply, copy, filter, lag, cutover, Optional.empty(), resume, assumeYes);
    }

    /// How the database moves.
    public enum Mode {
        /// Copy at a snapshot, then stream the changes until the cutover: the source goes on being written to.
        ONLINE,
        /// Copy only: the source's writes must have been stopped before it begins.
        OFFLINE
    }
}
