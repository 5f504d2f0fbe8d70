package org.pgmigrator.core.spool;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.decoder.Lsn;

/// One file of the spool, as its [Spool] knows it. All fields that change are guarded by the spool.
final class Segment {

    final long number;
    final Path path;
    final Lsn from;
    final int headerLength;

    /// Commit end of the last transaction in it; at first that of the one before it.
    Lsn end;

    /// Bytes that hold complete transactions.
    long readable;

    /// Bytes that were written.
    long length;

    /// The files of the streamed transactions that it refers to; they go when it goes.
    final List<Path> transactions = new ArrayList<>();

    /// Size of these files.
    long transactionBytes;

    /// Nothing is added any more.
    boolean closed;

    /// Null once it is closed and durable, or was removed.
    Disk.@Nullable Output output;

    Segment(Path path, SegmentHeader header, Lsn end, long length, Disk.@Nullable Output output) {
        this.path = path;
        this.number = header.number();
        this.from = header.from();
        this.headerLength = header.length();
        this.end = end;
        this.readable = length;
        this.length = length;
        this.closed = output == null;
        this.output = output;
    }

    /// What the header of the next segment says of this one.
    SegmentHeader.Previous asPrevious() {
        return new SegmentHeader.Previous(length, transactions.size(), transactionBytes);
    }
}
