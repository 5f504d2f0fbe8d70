package org.pgmigrator.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MalformedMessageTest {

    private static final String LSN = "0000000000000010 ";
    private static final String TIME = "0000000000000000 ";
    private static final String XID = "00000001 ";

    /// Hexadecimal bytes, with blanks between fields. `@L`, `@T` and `@X` stand for a valid LSN, time and xid.
    @ParameterizedTest(name = "{0} {1}: {3}, {4}")
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            # framing     | bytes                                  | at | expected                              | found
            TOP_LEVEL     | ""                                     | 0  | message type of 1 bytes               | 0 bytes
            TOP_LEVEL     | 7A                                     | 0  | a message type of TOP_LEVEL           | 'z'
            TOP_LEVEL     | 00                                     | 0  | a message type of TOP_LEVEL           | 0x00
            TOP_LEVEL     | 45                                     | 0  | a message type of TOP_LEVEL           | 'E'
            STREAM_BLOCK  | 42 @L @T @X                            | 0  | a message type of STREAM_BLOCK        | 'B'
            STREAM_BLOCK  | 53 @X 01                               | 0  | a message type of STREAM_BLOCK        | 'S'
            TOP_LEVEL     | 42 @L @T 0000                          | 17 | xid of 4 bytes                        | 2 bytes
            TOP_LEVEL     | 42 @L @T 00000000                      | 17 | xid other than 0                      | 0
            TOP_LEVEL     | 42 0000000000000000 @T @X              | 1  | final LSN other than 0/0              | 0/0
            TOP_LEVEL     | 42 @L @T @X 00                         | 21 | the end of the message                | 1 more bytes
            TOP_LEVEL     | 43 01 @L @L @T                         | 1  | flags within 0x00                     | 0x01
            TOP_LEVEL     | 50 80 @L @L @T @X 00                   | 1  | flags within 0x00                     | 0x80
            TOP_LEVEL     | 4B 01 @L @L @T @X 00                   | 1  | flags within 0x00                     | 0x01
            TOP_LEVEL     | 72 01 @L @L @T @T @X 00                | 1  | flags within 0x00                     | 0x01
            TOP_LEVEL     | 70 01 @L @L @T @X 00                   | 1  | flags within 0x00                     | 0x01
            TOP_LEVEL     | 63 @X 01 @L @L @T                      | 5  | flags within 0x00                     | 0x01
            TOP_LEVEL     | 53 @X 02                               | 5  | first segment within 0x01             | 0x02
            TOP_LEVEL     | 41 @X @X @L                            | 17 | abort time of 8 bytes                 | 0 bytes
            TOP_LEVEL     | 41 @X @X @L @T 00                      | 25 | the end of the message                | 1 more bytes
            TOP_LEVEL     | 4F @L 6162                             | 9  | origin name with a NUL behind it      | the end of the message
            TOP_LEVEL     | 4F @L C328 00                          | 9  | origin name in UTF-8                  | 2 bytes of something else
            TOP_LEVEL     | 52 @X 00 EDA08000 64 0000              | 6  | relation name in UTF-8                | 3 bytes of something else
            TOP_LEVEL     | 52 @X 00 6100 78 0000                  | 8  | replica identity 'd', 'n', 'f' or 'i' | 'x'
            TOP_LEVEL     | 52 @X 00 6100 64 FFFF                  | 9  | column count that fits into 0 bytes   | 65535
            TOP_LEVEL     | 52 @X 00 6100 64 0001 02 6100 @X @X    | 11 | column flags within 0x01              | 0x02
            STREAM_BLOCK  | 52 00000000 @X 00 6100 64 0000         | 1  | xid other than 0                      | 0
            TOP_LEVEL     | 49 @X 4B 0000                          | 5  | new tuple 'N'                         | 'K'
            TOP_LEVEL     | 49 @X 4E 7FFF 6E6E                     | 6  | column count that fits into 2 bytes   | 32767
            TOP_LEVEL     | 49 @X 4E 0001 78                       | 8  | column kind 'n', 'u', 't' or 'b'      | 'x'
            TOP_LEVEL     | 49 @X 4E 0001 74 7FFFFFFF              | 9  | length that fits into 0 bytes         | 2147483647
            TOP_LEVEL     | 49 @X 4E 0001 62 FFFFFFFF 00           | 9  | length that fits into 1 bytes         | -1
            TOP_LEVEL     | 49 @X 4E 0001 74 00000002 41           | 9  | length that fits into 1 bytes         | 2
            TOP_LEVEL     | 55 @X 4E 0000 4E 0000                  | 8  | the end of the message                | 3 more bytes
            TOP_LEVEL     | 55 @X 4B 0000                          | 8  | tuple type of 1 bytes                 | 0 bytes
            TOP_LEVEL     | 55 @X 4B 0000 4F 0000                  | 8  | new tuple 'N'                         | 'O'
            TOP_LEVEL     | 44 @X 4E 0000                          | 5  | old tuple 'K' or 'O'                  | 'N'
            TOP_LEVEL     | 54 7FFFFFFF 00 @X                      | 1  | relation count that fits into 4 bytes | 2147483647
            TOP_LEVEL     | 54 FFFFFFFF 00                         | 1  | relation count that fits into 0 bytes | -1
            TOP_LEVEL     | 54 00000001 04 @X                      | 5  | truncate options within 0x03          | 0x04
            TOP_LEVEL     | 4D 02 @L 6100 00000000                 | 1  | message flags within 0x01             | 0x02
            TOP_LEVEL     | 4D 01 @L 6100 80000000                 | 12 | length that fits into 0 bytes         | -2147483648
            """)
    void isRefusedWithThePlaceAndWhatStoodThere(
            Framing framing, String hex, int byteOffset, String expected, String found) {
        byte[] message = bytes(hex);

        DecodeException refusal = refusal(message, framing);

        assertThat(refusal.byteOffset()).isEqualTo(byteOffset);
        assertThat(refusal.expected()).isEqualTo(expected);
        assertThat(refusal.found()).isEqualTo(found);
        assertThat(refusal.messageType()).isEqualTo(message.length == 0 ? 0 : (char) message[0]);
    }

    @Test
    void theMessageNamesTypePlaceAndBothSides() {
        assertThat(refusal(bytes("49 @X 4E 0001 78"), Framing.TOP_LEVEL))
                .hasMessage("malformed pgoutput message of type 'I': "
                        + "expected column kind 'n', 'u', 't' or 'b' at byte 8, found 'x'");
        assertThat(refusal(bytes("FF"), Framing.TOP_LEVEL))
                .hasMessage("malformed pgoutput message of type 0xFF: "
                        + "expected a message type of TOP_LEVEL at byte 0, found 0xFF");
        assertThat(refusal(new byte[0], Framing.TOP_LEVEL))
                .hasMessage("malformed pgoutput message: expected message type of 1 bytes at byte 0, found 0 bytes");
    }

    @Test
    void placesAreCountedFromTheMessageNotTheBuffer() {
        ByteBuffer buffer = ByteBuffer.wrap(bytes("FFFFFF 49 @X 4E 0001 78 FF")).position(3);
        buffer.limit(buffer.limit() - 1);

        assertThatExceptionOfType(DecodeException.class)
                .isThrownBy(() -> PgOutputDecoder.decode(buffer, Framing.TOP_LEVEL))
                .withMessageContaining("at byte 8, found 'x'");
    }

    @Test
    void aValueThatIsNotUtf8HasBytesButNoText() {
        ByteBuffer buffer = ByteBuffer.wrap(bytes("FFFF 49 @X 4E 0002 74 00000001 FF 74 00000003 EFBFBD"))
                .position(2);
        Tuple row = ((PgOutputMessage.Insert) PgOutputDecoder.decode(buffer, Framing.TOP_LEVEL)).after();

        assertThat(row.bytes(0)).containsExactly(0xFF);
        assertThatExceptionOfType(DecodeException.class)
                .isThrownBy(() -> row.text(0))
                .withMessage("malformed pgoutput message of type 'I': "
                        + "expected UTF-8 text in column 0 at byte 13, found other bytes");
        assertThat(row.text(1)).as("the replacement character itself is a text").isEqualTo("\uFFFD");
    }

    /// A count or length alone must never decide how much is allocated.
    @Test
    void hugeCountsAllocateNothing() {
        byte[][] messages = {
            bytes("49 @X 4E FFFF"),
            bytes("49 @X 4E 0001 74 7FFFFFFF"),
            bytes("54 7FFFFFFF 00"),
            bytes("54 20000001 00 @X"),
            bytes("52 @X 00 6100 64 FFFF"),
            bytes("4D 01 @L 6100 7FFFFFFF"),
        };
        for (byte[] message : messages) {
            refusal(message, Framing.TOP_LEVEL);
        }

        for (byte[] message : messages) {
            long before = allocatedBytes();
            refusal(message, Framing.TOP_LEVEL);
            assertThat(allocatedBytes() - before)
                    .as("bytes allocated for %s", HexFormat.of().formatHex(message))
                    .isLessThan(100_000);
        }
    }

    private static long allocatedBytes() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    private static DecodeException refusal(byte[] message, Framing framing) {
        DecodeException refusal = catchThrowableOfType(
                DecodeException.class, () -> PgOutputDecoder.decode(ByteBuffer.wrap(message), framing));
        assertThat(refusal)
                .as("refusal of %s", HexFormat.of().formatHex(message))
                .isNotNull();
        return refusal;
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of()
                .parseHex(hex.replace("@L", LSN)
                        .replace("@T", TIME)
                        .replace("@X", XID)
                        .replace(" ", ""));
    }
}
