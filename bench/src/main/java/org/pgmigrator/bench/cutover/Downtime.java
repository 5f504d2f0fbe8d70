package org.pgmigrator.bench.cutover;

import java.util.Map;

/// One cutover.
///
/// @param reported milliseconds, by the program
/// @param observed milliseconds from the client's last commit on the source to its first on the target
/// @param steps    milliseconds of each step, in their order, by the program
record Downtime(double reported, double observed, Map<String, Double> steps) {

    /// What the client saw.
    record Observed(double milliseconds) {
        Downtime with(Migrated migrated) {
            return new Downtime(migrated.downtime(), milliseconds, migrated.steps());
        }
    }
}
