package org.pgmigrator.cli.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WordingTest {

    @ParameterizedTest
    @CsvSource({"0,0 bytes", "1023,'1,023 bytes'", "1024,1.0 kB", "1258291,1.2 MB", "9223372036854775807,8192.0 PB"})
    void sizesUseTheUnitThatFits(long bytes, String expected) {
        assertThat(Wording.size(bytes)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"PT0.34S,340 ms", "PT9.999S,'9,999 ms'", "PT12.34S,12.3 s", "PT2M5S,2 min 05 s", "PT1H2M,1 h 02 min"})
    void durationsAreAsExactAsTheirLengthDeserves(Duration duration, String expected) {
        assertThat(Wording.duration(duration)).isEqualTo(expected);
    }
}
