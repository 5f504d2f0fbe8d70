package org.pgmigrator.core.phase.stream;

import org.pgmigrator.core.apply.Applier;

/// What this process has committed on the target, through all its connections.
///
/// @param transactions of the source
/// @param changes      of rows
public record AppliedTotals(long transactions, long changes) {

    /// Before the first connection.
    public static final AppliedTotals NONE = new AppliedTotals(0, 0);

    /// With what this applier has committed until now.
    public AppliedTotals plus(Applier applier) {
        return new AppliedTotals(transactions + applier.transactionsApplied(), changes + applier.changesApplied());
    }
}
