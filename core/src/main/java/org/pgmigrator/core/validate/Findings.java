package org.pgmigrator.core.validate;

import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.progress.ProgressEvent.Finding;
import org.pgmigrator.core.progress.ProgressEvent.Finding.Severity;

/// Where one check reports. Used by one thread.
///
/// A remedy that ends with a semicolon is one SQL statement, ready to run; any other is a sentence.
final class Findings {

    private final String check;
    private final List<Finding> findings = new ArrayList<>();

    Findings(String check) {
        this.check = check;
    }

    void ok(String what) {
        findings.add(new Finding(Severity.OK, check, what, "", List.of()));
    }

    void warning(String what, String why, List<String> remedy) {
        findings.add(new Finding(Severity.WARNING, check, what, why, remedy));
    }

    void warning(String what, String why, String... remedy) {
        warning(what, why, List.of(remedy));
    }

    void error(String what, String why, List<String> remedy) {
        findings.add(new Finding(Severity.ERROR, check, what, why, remedy));
    }

    void error(String what, String why, String... remedy) {
        error(what, why, List.of(remedy));
    }

    /// An error, or a warning where the operator has asked to go on regardless.
    void errorUnless(boolean tolerated, String what, String why, List<String> remedy) {
        if (tolerated) {
            warning(what, why, remedy);
        } else {
            error(what, why, remedy);
        }
    }

    boolean isEmpty() {
        return findings.isEmpty();
    }

    List<Finding> all() {
        return List.copyOf(findings);
    }
}
