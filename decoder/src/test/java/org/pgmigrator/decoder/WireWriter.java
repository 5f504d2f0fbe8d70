package org.pgmigrator.decoder;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/// The primitives of the protocol, written: big-endian numbers and NUL-terminated text.
final class WireWriter {

    private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);

    WireWriter int8(int value) {
        return write(() -> out.writeByte(value));
    }

    WireWriter int16(int value) {
        return write(() -> out.writeShort(value));
    }

    WireWriter int32(long value) {
        return write(() -> out.writeInt((int) value));
    }

    WireWriter int64(long value) {
        return write(() -> out.writeLong(value));
    }

    WireWriter lsn(Lsn value) {
        return int64(value.value());
    }

    WireWriter time(Instant value) {
        // Wraps where a sum of seconds alone would not fit, and comes out right.
        return int64((value.getEpochSecond() - EPOCH.getEpochSecond()) * 1_000_000 + value.getNano() / 1_000);
    }

    WireWriter string(String value) {
        return raw(value.getBytes(StandardCharsets.UTF_8)).int8(0);
    }

    WireWriter raw(byte[] value) {
        return write(() -> out.write(value));
    }

    byte[] toByteArray() {
        return bytes.toByteArray();
    }

    private WireWriter write(Writing writing) {
        try {
            writing.run();
            return this;
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private interface Writing {
        void run() throws IOException;
    }
}
