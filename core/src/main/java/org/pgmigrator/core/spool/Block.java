package org.pgmigrator.core.spool;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.CRC32C;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.decoder.Lsn;

/// A block of a segment, or of the file of a streamed transaction: some frames, compressed together, with a checksum
/// over all of it.
///
/// Layout, big-endian: magic (i32), flags (i32; 1 = LZ4, 2 = complete, 4 = reference), stored length, raw length (i32
/// each), end (i64), CRC32C of the raw bytes, CRC32C of everything before it and of the stored bytes (i32 each), then
/// the stored bytes.
///
/// @param storedLength of what follows the header
/// @param rawLength    of the frames in it
/// @param end          commit end of the last transaction, or the idle position, that the segment has up to here
record Block(boolean compressed, Kind kind, int storedLength, int rawLength, Lsn end, int rawCrc, int crc) {

    /// What stands at the end of a block.
    enum Kind {
        /// The next block goes on with the same transaction.
        PARTIAL(0),
        /// No transaction is open, so that the block's end is a position.
        COMPLETE(2),
        /// The same, and all that the block holds is one [StreamedTransaction].
        REFERENCE(6);

        private final int flags;

        Kind(int flags) {
            this.flags = flags;
        }

        boolean isComplete() {
            return this != PARTIAL;
        }
    }

    static final int HEADER_BYTES = 32;

    /// As much as the memory that a block takes on each side; larger ones would hardly be compressed better.
    static final int MOST_RAW = 256 << 10;

    private static final int MAGIC = 0x50474D42;
    private static final int FLAG_LZ4 = 1;
    private static final int KIND_FLAGS = 6;
    private static final int CRC_AT = HEADER_BYTES - Integer.BYTES;

    /// The form without `sun.misc.Unsafe`: no native code, no warnings, checked accesses.
    private static final LZ4Compressor COMPRESSOR = LZ4Factory.safeInstance().fastCompressor();

    private static final LZ4SafeDecompressor DECOMPRESSOR =
            LZ4Factory.safeInstance().safeDecompressor();

    static final int MOST_STORED = COMPRESSOR.maxCompressedLength(MOST_RAW);

    /// Makes a block of the first `length` bytes of `raw` in `target`, which has room for [#HEADER_BYTES] and
    /// [#MOST_STORED].
    ///
    /// @return how many bytes of `target` it takes
    static int encode(byte[] raw, int length, Kind kind, Lsn end, byte[] target) {
        int stored = COMPRESSOR.compress(raw, 0, length, target, HEADER_BYTES);
        boolean compressed = stored < length;
        if (!compressed) {
            System.arraycopy(raw, 0, target, HEADER_BYTES, length);
            stored = length;
        }
        ByteBuffer header = ByteBuffer.wrap(target)
                .putInt(MAGIC)
                .putInt((compressed ? FLAG_LZ4 : 0) | kind.flags)
                .putInt(stored)
                .putInt(length)
                .putLong(end.value())
                .putInt(crc(raw, 0, length));
        header.putInt(crcOf(target, target, HEADER_BYTES, stored));
        return HEADER_BYTES + stored;
    }

    /// The checksum of the block that [#encode] has just put into `target`.
    static int crcOfEncoded(byte[] target) {
        return ByteBuffer.wrap(target).getInt(CRC_AT);
    }

    /// Reads a header; what it says is only true if [#isIntact] says so as well.
    ///
    /// @return empty if these bytes cannot be one
    static Optional<Block> header(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        if (buffer.getInt() != MAGIC) {
            return Optional.empty();
        }
        int flags = buffer.getInt();
        Kind kind = kind(flags);
        if (kind == null) {
            return Optional.empty();
        }
        Block block = new Block(
                (flags & FLAG_LZ4) != 0,
                kind,
                buffer.getInt(),
                buffer.getInt(),
                new Lsn(buffer.getLong()),
                buffer.getInt(),
                buffer.getInt());
        boolean possible = block.storedLength > 0
                && block.storedLength <= MOST_STORED
                && block.rawLength > 0
                && block.rawLength <= MOST_RAW;
        return possible ? Optional.of(block) : Optional.empty();
    }

    private static @Nullable Kind kind(int flags) {
        for (Kind kind : Kind.values()) {
            if (kind.flags == (flags & KIND_FLAGS) && (flags & ~(FLAG_LZ4 | KIND_FLAGS)) == 0) {
                return kind;
            }
        }
        return null;
    }

    /// Whether header and stored bytes are as they were written.
    boolean isIntact(byte[] header, byte[] stored) {
        return crc == crcOf(header, stored, 0, storedLength);
    }

    /// Puts the frames into `raw`, which has room for [#MOST_RAW].
    ///
    /// @return whether they are as they were written
    boolean decode(byte[] stored, byte[] raw) {
        try {
            if (compressed) {
                if (DECOMPRESSOR.decompress(stored, 0, storedLength, raw, 0, rawLength) != rawLength) {
                    return false;
                }
            } else if (storedLength == rawLength) {
                System.arraycopy(stored, 0, raw, 0, rawLength);
            } else {
                return false;
            }
        } catch (LZ4Exception malformed) {
            return false;
        }
        return rawCrc == crc(raw, 0, rawLength);
    }

    private static int crcOf(byte[] header, byte[] stored, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(header, 0, CRC_AT);
        crc.update(stored, offset, length);
        return (int) crc.getValue();
    }

    private static int crc(byte[] bytes, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }
}
