package org.pgmigrator.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LsnTest {

    @ParameterizedTest
    @CsvSource({
        "0/0, 0/0",
        "16/B374D848, 16/B374D848",
        "16/b374d848, 16/B374D848",
        "0/1, 0/1",
        "00000001/00000010, 1/10",
        "FFFFFFFF/FFFFFFFF, FFFFFFFF/FFFFFFFF",
    })
    void printsWhatPostgresPrints(String text, String printed) {
        assertThat(Lsn.parse(text)).hasToString(printed);
        assertThat(Lsn.parse(printed)).isEqualTo(Lsn.parse(text));
    }

    @Test
    void theHalvesAreHighAndLow() {
        assertThat(Lsn.parse("16/B374D848").value()).isEqualTo(0x16_B374_D848L);
        assertThat(Lsn.parse("FFFFFFFF/0").value()).isEqualTo(0xFFFF_FFFF_0000_0000L);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "0",
                "0/",
                "/0",
                "0/0/0",
                "0/0 ",
                " 0/0",
                "0-0",
                "G/0",
                "0/G",
                "-1/0",
                "0/+1",
                "123456789/0",
                "0/123456789",
                "0x1/0",
                "١/٢"
            })
    void refusesWhatPostgresRefuses(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Lsn.parse(text))
                .withMessage("not an LSN: \"" + text + "\"");
    }

    @Test
    void ordersAsUnsigned() {
        Lsn low = Lsn.parse("7FFFFFFF/FFFFFFFF");
        Lsn high = Lsn.parse("80000000/0");

        assertThat(high).isGreaterThan(low);
        assertThat(high.isAfter(low)).isTrue();
        assertThat(low.isAfter(high)).isFalse();
        assertThat(low.isAfter(low)).isFalse();
        assertThat(low.isAtLeast(low)).isTrue();
        assertThat(low.isAtLeast(high)).isFalse();
        assertThat(low.max(high)).isEqualTo(high);
        assertThat(high.max(low)).isEqualTo(high);
    }

    @Test
    void countsTheBytesBetweenAndNeverLessThanNone() {
        assertThat(Lsn.parse("1/0").bytesSince(Lsn.parse("0/FFFFFFFF"))).isEqualTo(1);
        assertThat(Lsn.parse("80000000/5").bytesSince(Lsn.parse("7FFFFFFF/FFFFFFFF")))
                .isEqualTo(6);
        assertThat(Lsn.parse("0/5").bytesSince(Lsn.parse("0/5"))).isZero();
        assertThat(Lsn.parse("0/5").bytesSince(Lsn.parse("0/6"))).isZero();
    }

    @Test
    void onlyZeroIsInvalid() {
        assertThat(Lsn.INVALID).isEqualTo(Lsn.parse("0/0"));
        assertThat(Lsn.INVALID.isValid()).isFalse();
        assertThat(Lsn.parse("FFFFFFFF/FFFFFFFF").isValid()).isTrue();
    }
}
