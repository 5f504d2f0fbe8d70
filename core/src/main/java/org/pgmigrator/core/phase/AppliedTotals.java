package org.pgmigrator.core.phase;

import org.pgmigrator.core.apply.Applier;

/// What this process has committed on the target, through all its connections.
///
/// @param transactions of the source
/// @param changes      of rows
record AppliedTotals(long transactions, long changes) {

    static final AppliedTotals NONE = new AppliedTotals(0, 0);

    AppliedTotals plus(Applier applier) {
        return new AppliedTotals(transactions + applier.transactionsApplied(), changes + applier.changesApplied());
    }
}
