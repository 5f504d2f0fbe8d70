package org.pgmigrator.cli.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;

class FailureTextTest {

    @Test
    void aFailureHasItsFivePartsInOrder() {
        Failure failure = new Failure(
                FailureKind.SLOT_INVALIDATED,
                "replication slot \"pgm_orders\" can no longer be read.",
                "the source removed WAL the slot needs (wal_status=lost, max_slot_wal_keep_size=10GB)",
                "source untouched and serving; target holds a partial copy; slot still exists",
                List.of("raise max_slot_wal_keep_size on the source", "then: pg-migrator migrate ..."));

        assertThat(FailureText.of(failure, Optional.of(Path.of("./pg-migrator.log")), Style.PLAIN))
                .isEqualTo("""
                        error SLOT_INVALIDATED: replication slot "pgm_orders" can no longer be read.
                          why    the source removed WAL the slot needs (wal_status=lost, max_slot_wal_keep_size=10GB)
                          state  source untouched and serving; target holds a partial copy; slot still exists
                          do     raise max_slot_wal_keep_size on the source
                                 then: pg-migrator migrate ...
                          log    ./pg-migrator.log            exit 5
                        """);
    }

    @Test
    void partsOfSeveralLinesAreIndentedAndEmptyPartsLeftOut() {
        Failure failure = Failure.of(FailureKind.RESTORE_FAILED, "pg_restore reported 2 errors.", "one\n\n  two\n");

        assertThat(FailureText.of(failure, Optional.empty(), Style.PLAIN)).isEqualTo("""
                        error RESTORE_FAILED: pg_restore reported 2 errors.
                          why    one
                                   two
                          do     Remove the cause of the listed errors and run again, or accept them with --allow-restore-errors.
                          exit   6
                        """);
    }

    @ParameterizedTest
    @EnumSource(FailureKind.class)
    void everyKindTellsWhatToDoAndItsExitCode(FailureKind kind) {
        String text = FailureText.of(Failure.of(kind, "What happened.", "Why."), Optional.empty(), Style.PLAIN);

        assertThat(text)
                .isEqualTo("""
                        error %s: What happened.
                          why    Why.
                          do     %s
                          exit   %d
                        """.formatted(kind, kind.remedy(), kind.exitCode().number()));
    }
}
