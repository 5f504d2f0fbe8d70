package org.pgmigrator.core.spool;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.decoder.Lsn;

/// A source for the spool: transactions as a walsender sends them, and what it sends again to whom has less.
final class Source {

    private final java.util.Random seeded;
    private final List<Sent> sent = new ArrayList<>();
    private long position;

    /// One transaction, or an idle position (without messages).
    record Sent(Lsn end, List<byte[]> messages) {}

    Source(long seed, Lsn start) {
        this.seeded = new java.util.Random(seed);
        this.position = start.value();
    }

    List<Sent> sent() {
        return sent;
    }

    Lsn end() {
        return new Lsn(position);
    }

    /// A transaction of so many rows of this size; half of each compresses well.
    Sent transaction(int rows, int size) {
        long commit = position + 100 + rows * 50L;
        long end = commit + 48;
        List<byte[]> messages = new ArrayList<>();
        messages.add(begin(commit));
        for (int i = 0; i < rows; i++) {
            messages.add(row(size));
        }
        messages.add(commit(commit, end));
        position = end;
        Sent transaction = new Sent(new Lsn(end), messages);
        sent.add(transaction);
        return transaction;
    }

    Sent transaction() {
        return transaction(seeded.nextInt(4), seeded.nextInt(60));
    }

    Sent idle() {
        position += 1000;
        Sent idle = new Sent(new Lsn(position), List.of());
        sent.add(idle);
        return idle;
    }

    static byte[] begin(long commit) {
        return ByteBuffer.allocate(21)
                .put((byte) 'B')
                .putLong(commit)
                .putLong(0)
                .putInt(7)
                .array();
    }

    static byte[] commit(long commit, long end) {
        return ByteBuffer.allocate(26)
                .put((byte) 'C')
                .put((byte) 0)
                .putLong(commit)
                .putLong(end)
                .putLong(0)
                .array();
    }

    static byte[] relation(int oid, String name) {
        byte[] text = name.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(5 + text.length)
                .put((byte) 'R')
                .putInt(oid)
                .put(text)
                .array();
    }

    /// A transaction that was sent while it was in progress is committed with these changes.
    Sent commit(List<byte[]> changes) {
        long commit = position + 100;
        long end = commit + 48;
        List<byte[]> messages = new ArrayList<>();
        messages.add(begin(commit));
        messages.addAll(changes);
        messages.add(commit(commit, end));
        position = end;
        Sent transaction = new Sent(new Lsn(end), messages);
        sent.add(transaction);
        return transaction;
    }

    byte[] row(int size) {
        byte[] row = new byte[5 + size];
        seeded.nextBytes(row);
        java.util.Arrays.fill(row, 5 + size / 2, row.length, (byte) 'x');
        row[0] = 'I';
        return row;
    }

    /// What the walsender sends to whom has everything up to `from`.
    List<Sent> after(Lsn from) {
        return sent.stream().filter(part -> part.end().isAfter(from)).toList();
    }
}
