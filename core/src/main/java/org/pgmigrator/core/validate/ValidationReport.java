package org.pgmigrator.core.validate;

import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.progress.ProgressEvent.Finding;
import org.pgmigrator.core.progress.ProgressEvent.Finding.Severity;

/// Everything that the checks found, in the order in which they were made.
///
/// @param validated what is proved; present exactly if no finding is an error
public record ValidationReport(List<Finding> findings, Optional<Validated> validated) {

    public ValidationReport {
        findings = List.copyOf(findings);
    }

    /// Whether the migration must not start: exit code 3.
    public boolean refused() {
        return validated.isEmpty();
    }

    /// The findings that refuse it.
    public List<Finding> errors() {
        return findings.stream()
                .filter(finding -> finding.severity() == Severity.ERROR)
                .toList();
    }
}
