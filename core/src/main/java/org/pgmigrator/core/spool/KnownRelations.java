package org.pgmigrator.core.spool;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The relations that the walsender has described on this connection, which it does only once. Confined to the thread
/// that writes.
///
/// What is described inside a transaction in progress is known to that transaction alone, and to all others once it was
/// committed, unless the relation was described anew meanwhile.
final class KnownRelations {

    private static final int OID_AT = 1;

    private final Map<Integer, Described> known = new LinkedHashMap<>();
    private long arrivals;

    /// One description.
    static final class Described {
        final int oid;

        /// As outside of a stream block: without a transaction id.
        final byte[] message;

        /// A number that grows with each one.
        final long arrival;

        Described(int oid, byte[] message, long arrival) {
            this.oid = oid;
            this.message = message;
            this.arrival = arrival;
        }

        /// No longer true; but the relation was described.
        Described forgotten() {
            return new Described(oid, new byte[0], 0);
        }
    }

    /// Takes a description that is for everybody.
    void describe(ByteBuffer message) {
        byte[] bytes = new byte[message.remaining()];
        message.duplicate().get(bytes);
        put(new Described(oid(bytes), bytes, ++arrivals));
    }

    /// Takes one out of a stream block, which is for its transaction alone.
    Described describeInProgress(ByteBuffer message) {
        byte[] bytes = TransactionFiles.withoutXid(message);
        int oid = oid(bytes);
        Described before = known.get(oid);
        // Many transactions describe the same relations: once in memory is enough.
        byte[] kept = before != null && Arrays.equals(before.message, bytes) ? before.message : bytes;
        return new Described(oid, kept, ++arrivals);
    }

    private static int oid(byte[] message) {
        return ByteBuffer.wrap(message).getInt(OID_AT);
    }

    /// A transaction was committed that had these descriptions to itself.
    ///
    /// @return the descriptions of the same relations as they are valid for whatever follows
    List<byte[]> committed(Collection<Described> descriptions) {
        List<byte[]> valid = new ArrayList<>();
        for (Described own : descriptions) {
            Described before = known.get(own.oid);
            if (own.arrival > (before == null ? 0 : before.arrival)) {
                put(own);
                valid.add(own.message);
            } else if (before != null) {
                valid.add(before.message);
            }
        }
        return valid;
    }

    private void put(Described description) {
        known.put(description.oid, description);
    }

    List<byte[]> all() {
        return known.values().stream().map(described -> described.message).toList();
    }

    void clear() {
        known.clear();
    }
}
