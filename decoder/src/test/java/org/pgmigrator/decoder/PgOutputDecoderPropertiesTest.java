package org.pgmigrator.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.util.Arrays;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.pgmigrator.decoder.Messages.Framed;

/// What holds for all messages and for all bytes. A failure prints the seed that repeats it.
class PgOutputDecoderPropertiesTest {

    @Property
    void whatWasEncodedIsDecoded(@ForAll("framed") Framed framed) {
        byte[] message = PgOutputEncoder.encode(framed.message());

        assertThat(PgOutputDecoder.decode(ByteBuffer.wrap(message), framed.framing()))
                .isEqualTo(framed.message());
    }

    @Property
    void noMessageIsThePrefixOfAnother(@ForAll("framed") Framed framed, @ForAll byte extra) {
        byte[] message = PgOutputEncoder.encode(framed.message());

        for (int length = 0; length < message.length; length++) {
            ByteBuffer truncated = ByteBuffer.wrap(message, 0, length);
            if (!isAbortWithoutPlace(truncated)) {
                assertThatExceptionOfType(DecodeException.class)
                        .as("the first %d of %d bytes", length, message.length)
                        .isThrownBy(() -> PgOutputDecoder.decode(truncated, framed.framing()));
            }
        }
        byte[] extended = Arrays.copyOf(message, message.length + 1);
        extended[message.length] = extra;
        assertThatExceptionOfType(DecodeException.class)
                .isThrownBy(() -> PgOutputDecoder.decode(ByteBuffer.wrap(extended), framed.framing()));
    }

    @Property(tries = 5_000)
    void arbitraryBytesGiveAMessageOrADecodeException(@ForAll byte[] message, @ForAll Framing framing) {
        decodeOrRefuse(message, framing);
    }

    @Property(tries = 5_000)
    void arbitraryBytesBehindAKnownTypeGiveAMessageOrADecodeException(
            @ForAll
                    @Chars({
                        'B', 'C', 'O', 'R', 'Y', 'I', 'U', 'D', 'T', 'M', 'S', 'E', 'c', 'A', 'b', 'P', 'K', 'r', 'p'
                    })
                    char type,
            @ForAll @Size(max = 60) byte[] rest,
            @ForAll Framing framing) {
        decodeOrRefuse(
                ByteBuffer.allocate(1 + rest.length).put((byte) type).put(rest).array(), framing);
    }

    @Property(tries = 5_000)
    void damagedMessagesGiveAMessageOrADecodeException(
            @ForAll("framed") Framed framed,
            @ForAll @IntRange(max = 10_000) int where,
            @ForAll byte damage,
            @ForAll Framing framing) {
        byte[] message = PgOutputEncoder.encode(framed.message());
        message[where % message.length] = damage;

        decodeOrRefuse(message, framing);
    }

    @Provide
    Arbitrary<Framed> framed() {
        return Messages.framed();
    }

    /// Whatever is accepted must be the meaning of exactly these bytes: written again, they are the same.
    private static void decodeOrRefuse(byte[] message, Framing framing) {
        PgOutputMessage decoded;
        try {
            decoded = PgOutputDecoder.decode(ByteBuffer.wrap(message), framing);
        } catch (DecodeException refusal) {
            assertThat(refusal.byteOffset()).isBetween(0, message.length);
            assertThat(refusal).hasMessageContaining(refusal.expected()).hasMessageContaining(refusal.found());
            return;
        }
        assertThat(PgOutputEncoder.encode(decoded)).isEqualTo(message);
    }

    /// The one message with an optional end: 9 bytes, or 25 with the place of the abort.
    private static boolean isAbortWithoutPlace(ByteBuffer message) {
        return message.remaining() == 9 && message.get(0) == 'A';
    }
}
