package org.pgmigrator.core.spool;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.PgOutputMessage.StreamCommit;

/// A transaction that was sent while it was in progress: what stands in a segment, where the transaction belongs by its
/// commit, in place of its changes, which lie in a file of their own.
///
/// @param commitTime as the walsender sent it: microseconds since 2000
/// @param length     of the file
/// @param crc        over the checksums of its blocks, in their order
record StreamedTransaction(int xid, Lsn commitLsn, Lsn endLsn, long commitTime, long length, int crc) {

    private static final int ENCODED_BYTES = 2 * Integer.BYTES + 4 * Long.BYTES;

    /// Where the commit time stands in the walsender's message, which is its last field.
    private static final int COMMIT_TIME_BYTES = Long.BYTES;

    static StreamedTransaction of(StreamCommit commit, ByteBuffer message, long length, int crc) {
        return new StreamedTransaction(
                (int) commit.xid(),
                commit.commitLsn(),
                commit.endLsn(),
                message.getLong(message.limit() - COMMIT_TIME_BYTES),
                length,
                crc);
    }

    byte[] encode() {
        return ByteBuffer.allocate(ENCODED_BYTES)
                .putInt(xid)
                .putLong(commitLsn.value())
                .putLong(endLsn.value())
                .putLong(commitTime)
                .putLong(length)
                .putInt(crc)
                .array();
    }

    /// Reads what [#encode] has made; empty if these bytes are not one.
    static Optional<StreamedTransaction> decode(byte[] bytes) {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            StreamedTransaction decoded = new StreamedTransaction(
                    buffer.getInt(),
                    new Lsn(buffer.getLong()),
                    new Lsn(buffer.getLong()),
                    buffer.getLong(),
                    buffer.getLong(),
                    buffer.getInt());
            return buffer.hasRemaining() ? Optional.empty() : Optional.of(decoded);
        } catch (BufferUnderflowException shorter) {
            return Optional.empty();
        }
    }

    /// The message that begins it in the form of a transaction that was sent after its commit.
    byte[] begin() {
        return ByteBuffer.allocate(1 + 2 * Long.BYTES + Integer.BYTES)
                .put((byte) 'B')
                .putLong(commitLsn.value())
                .putLong(commitTime)
                .putInt(xid)
                .array();
    }

    /// The message that ends it in that form.
    byte[] commit() {
        return ByteBuffer.allocate(2 + 3 * Long.BYTES)
                .put((byte) 'C')
                .put((byte) 0)
                .putLong(commitLsn.value())
                .putLong(endLsn.value())
                .putLong(commitTime)
                .array();
    }
}
