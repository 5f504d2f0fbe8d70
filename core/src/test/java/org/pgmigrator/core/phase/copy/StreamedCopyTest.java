package org.pgmigrator.core.phase.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.RowUnit;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.state.CopyRecord;

class StreamedCopyTest {

    private static final List<RowUnit> PLAN = IntStream.rangeClosed(1, 3)
            .mapToObj(number ->
                    new RowUnit(number, new QualifiedName("public", "t" + number), 0, OptionalLong.empty(), 1))
            .toList();

    @Test
    void rowsAreCompleteOnlyIfEveryPartIsMarkedWhateverTheWorkersSay() {
        assertThatCode(() -> StreamedCopy.requireAllMarked(new CopyRecord.Parts(PLAN, List.of(3, 1, 2))))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> StreamedCopy.requireAllMarked(new CopyRecord.Parts(PLAN, List.of(3, 1))))
                .isInstanceOfSatisfying(
                        MigrationException.class,
                        failed -> assertThat(failed.failure().kind()).isEqualTo(FailureKind.RESTORE_FAILED))
                .hasStackTraceContaining("rows are missing");
    }
}
