package org.pgmigrator.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.pgmigrator.decoder.Tuples.NULL;
import static org.pgmigrator.decoder.Tuples.UNCHANGED_TOAST;
import static org.pgmigrator.decoder.Tuples.text;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class TupleTest {

    private static final Tuple ROW = Tuples.of(
            text("Zoë"), NULL, UNCHANGED_TOAST, text(""), new Tuples.Cell.Binary(List.of((byte) 0, (byte) -1)));

    @Test
    void eachColumnIsExactlyOneOfFourThings() {
        assertThat(ROW.columnCount()).isEqualTo(5);
        for (int column = 0; column < ROW.columnCount(); column++) {
            assertThat(List.of(
                            ROW.isNull(column), ROW.isUnchangedToast(column), ROW.isText(column), ROW.isBinary(column)))
                    .as("column %d", column)
                    .containsOnlyOnce(true);
        }
        assertThat(ROW.isText(0)).isTrue();
        assertThat(ROW.isNull(1)).isTrue();
        assertThat(ROW.isUnchangedToast(2)).isTrue();
        assertThat(ROW.isText(3)).isTrue();
        assertThat(ROW.isBinary(4)).isTrue();
    }

    @Test
    void valuesComeAsTextOrBytes() throws IOException {
        ByteArrayOutputStream copy = new ByteArrayOutputStream();
        ROW.copyTo(0, copy);

        assertThat(ROW.text(0)).isEqualTo("Zoë");
        assertThat(ROW.length(0)).isEqualTo(4);
        assertThat(copy.toString(StandardCharsets.UTF_8)).isEqualTo("Zoë");
        assertThat(ROW.text(3)).isEmpty();
        assertThat(ROW.bytes(4)).containsExactly(0, -1);
        assertThat(ROW.array()[ROW.offset(4) + 1]).isEqualTo((byte) -1);
        assertThat(ROW.byteSize()).isEqualTo(4 + 2);
    }

    @Test
    void whatHasNoValueHasNoBytes() {
        for (int column : new int[] {1, 2}) {
            assertThatIllegalStateException().isThrownBy(() -> ROW.text(column));
            assertThatIllegalStateException().isThrownBy(() -> ROW.bytes(column));
            assertThatIllegalStateException().isThrownBy(() -> ROW.length(column));
            assertThatIllegalStateException().isThrownBy(() -> ROW.offset(column));
            assertThatIllegalStateException()
                    .isThrownBy(() -> ROW.copyTo(column, new ByteArrayOutputStream()))
                    .withMessageContaining("column " + column);
        }
    }

    @Test
    void binaryIsNotText() {
        assertThatIllegalStateException()
                .isThrownBy(() -> ROW.text(4))
                .withMessage("column 4 is binary of 2 bytes, not text");
    }

    @Test
    void thereIsNoColumnBeyondTheLast() {
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> ROW.isNull(5));
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> ROW.isNull(-1));
    }

    @Test
    void equalityIsThatOfTheColumns() {
        assertThat(Tuples.of(text("a"), NULL))
                .isEqualTo(Tuples.of(text("a"), NULL))
                .hasSameHashCodeAs(Tuples.of(text("a"), NULL))
                .isNotEqualTo(Tuples.of(text("a"), UNCHANGED_TOAST))
                .isNotEqualTo(Tuples.of(text("a"), text("")))
                .isNotEqualTo(Tuples.of(text("a")))
                .isNotEqualTo(Tuples.of(text("b"), NULL))
                .isNotEqualTo(Tuples.of(new Tuples.Cell.Binary(List.of((byte) 'a')), NULL));
    }

    @Test
    void toStringShowsNoValue() {
        assertThat(ROW)
                .hasToString("Tuple[text of 4 bytes, null, unchanged TOAST, text of 0 bytes, binary of 2 bytes]");
    }
}
