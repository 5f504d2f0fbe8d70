package org.pgmigrator.decoder;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// UTF-8 without guessing: bytes that are not UTF-8 have no text, instead of one with replacement characters in it.
final class Utf8 {

    private static final char REPLACEMENT = '\uFFFD';

    private Utf8() {}

    static Optional<String> decode(byte[] array, int offset, int length) {
        String text = new String(array, offset, length, StandardCharsets.UTF_8);
        // The JDK's fast path replaces in silence. Only a text with U+FFFD in it needs the strict, slower second look.
        if (text.indexOf(REPLACEMENT) < 0 || isValid(array, offset, length)) {
            return Optional.of(text);
        }
        return Optional.empty();
    }

    private static boolean isValid(byte[] array, int offset, int length) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(array, offset, length));
            return true;
        } catch (CharacterCodingException malformed) {
            return false;
        }
    }
}
