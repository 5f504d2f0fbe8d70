package org.pgmigrator.cli.render;

import java.util.List;
import org.pgmigrator.core.progress.ProgressEvent.Finding;
import org.pgmigrator.core.progress.ProgressEvent.Finding.Severity;

/// Findings of the checks as the operator reads them.
///
/// ```
/// ERROR    wal-level: wal_level is replica on the source.
///   why    logical decoding needs wal_level=logical
///   do     ALTER SYSTEM SET wal_level = 'logical';
///          restart the source
/// ```
public final class FindingText {

    private FindingText() {}

    /// All findings: errors, then warnings, each with its remedy; then those that are fine, a line each; then the
    /// count.
    public static String report(List<Finding> findings, Style style) {
        StringBuilder text = new StringBuilder();
        for (Severity severity : List.of(Severity.ERROR, Severity.WARNING, Severity.OK)) {
            findings.stream()
                    .filter(finding -> finding.severity() == severity)
                    .forEach(finding -> text.append(of(finding, style)));
        }
        return text.append(summary(findings)).append('\n').toString();
    }

    /// `2 errors, 1 warning, 14 checks passed.`
    public static String summary(List<Finding> findings) {
        return plural(count(findings, Severity.ERROR), "error") + ", "
                + plural(count(findings, Severity.WARNING), "warning") + ", "
                + plural(count(findings, Severity.OK), "check") + " passed.";
    }

    /// One finding; one that is fine takes one line.
    static String of(Finding finding, Style style) {
        StringBuilder text = new StringBuilder();
        text.append(label(finding.severity(), style))
                .append(finding.check())
                .append(": ")
                .append(String.join("\n         ", FailureText.lines(finding.what())))
                .append('\n');
        if (finding.severity() != Severity.OK) {
            FailureText.add(text, "why", FailureText.lines(finding.why()));
            FailureText.add(
                    text,
                    "do",
                    finding.remedy().stream()
                            .flatMap(step -> FailureText.lines(step).stream())
                            .toList());
        }
        return text.toString();
    }

    private static String label(Severity severity, Style style) {
        return switch (severity) {
            case ERROR -> style.bad("ERROR") + "    ";
            case WARNING -> style.attention("WARNING") + "  ";
            case OK -> style.good("ok") + "       ";
        };
    }

    private static long count(List<Finding> findings, Severity severity) {
        return findings.stream()
                .filter(finding -> finding.severity() == severity)
                .count();
    }

    private static String plural(long count, String noun) {
        return count + " " + noun + (count == 1 ? "" : "s");
    }
}
