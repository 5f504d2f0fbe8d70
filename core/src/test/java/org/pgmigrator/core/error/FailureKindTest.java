package org.pgmigrator.core.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FailureKindTest {

    @ParameterizedTest
    @EnumSource(FailureKind.class)
    void everyKindHasARemedyAndACodeOfItsOwnSide(FailureKind kind) {
        assertThat(kind.remedy()).endsWith(".").hasSizeGreaterThan(20);
        assertThat(kind.exitCode()).isNotEqualTo(ExitCode.DONE);
        assertThat(Failure.of(kind, "It failed.", "").remedy()).containsExactly(kind.remedy());
    }

    @Test
    void theExitCodesAreAContract() {
        assertThat(Arrays.stream(ExitCode.values()).map(ExitCode::number))
                .isEqualTo(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 130, 143));
    }
}
