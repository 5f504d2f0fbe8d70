package org.pgmigrator.core.verify;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.progress.ProgressEvent.VerifyResult;
import org.pgmigrator.decoder.Lsn;

/// What a comparison has found.
///
/// @param applied how far a migration that streams into the target had applied, if there is one
/// @param results one for each table, and for each other object of a comparison of definitions
public record VerifyReport(
        VerifyLevel level,
        SnapshotPoint source,
        SnapshotPoint target,
        Optional<Lsn> applied,
        List<VerifyResult> results,
        Duration elapsed) {

    /// Enough to recognise what is meant; each has been published.
    private static final int NAMED = 8;

    public VerifyReport {
        results = List.copyOf(results);
    }

    /// What differs, or could not be compared.
    public List<VerifyResult> differing() {
        return results.stream().filter(result -> !result.equal()).toList();
    }

    public boolean equal() {
        return differing().isEmpty();
    }

    /// Rows of the source that were counted.
    public long rows() {
        return results.stream()
                .mapToLong(result -> result.sourceRows().orElse(0))
                .sum();
    }

    /// `1,000 tables, 12,345 rows`.
    public String extent() {
        String objects = level == VerifyLevel.SCHEMA ? "objects" : "tables";
        String counted = String.format(Locale.ROOT, "%,d %s", results.size(), objects);
        return level == VerifyLevel.SCHEMA ? counted : counted + String.format(Locale.ROOT, ", %,d rows", rows());
    }

    /// Does nothing if all is equal.
    ///
    /// @throws MigrationException VERIFICATION_MISMATCH that names what differs
    public void requireEqual() {
        List<VerifyResult> differing = differing();
        if (differing.isEmpty()) {
            return;
        }
        String named = differing.stream()
                .limit(NAMED)
                .map(result -> result.object() + " (" + String.join("; ", result.differences()) + ")")
                .collect(Collectors.joining("\n"));
        String more = differing.size() > NAMED ? "\nand " + (differing.size() - NAMED) + " more" : "";
        throw new MigrationException(Failure.of(
                FailureKind.VERIFICATION_MISMATCH,
                differing.size() + " of " + extent() + " differ or could not be compared.",
                named + more));
    }
}
