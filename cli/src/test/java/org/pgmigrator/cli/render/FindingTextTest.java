package org.pgmigrator.cli.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.progress.ProgressEvent.Finding;
import org.pgmigrator.core.progress.ProgressEvent.Finding.Severity;

class FindingTextTest {

    @Test
    void errorsComeFirstAndWhatIsFineTakesALine() {
        List<Finding> findings = List.of(
                new Finding(Severity.OK, "versions", "15 to 17.", "not shown", List.of()),
                new Finding(
                        Severity.WARNING, "keep-size", "It is 1GB.", "The copy may take more.", List.of("Raise it.")),
                new Finding(
                        Severity.ERROR,
                        "wal-level",
                        "wal_level is replica on the source.",
                        "Logical decoding needs wal_level=logical.",
                        List.of("ALTER SYSTEM SET wal_level = 'logical';", "Restart the source.")));

        assertThat(FindingText.report(findings, Style.PLAIN)).isEqualTo("""
                        ERROR    wal-level: wal_level is replica on the source.
                          why    Logical decoding needs wal_level=logical.
                          do     ALTER SYSTEM SET wal_level = 'logical';
                                 Restart the source.
                        WARNING  keep-size: It is 1GB.
                          why    The copy may take more.
                          do     Raise it.
                        ok       versions: 15 to 17.
                        1 error, 1 warning, 1 check passed.
                        """);
    }
}
