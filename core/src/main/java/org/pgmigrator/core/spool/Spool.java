package org.pgmigrator.core.spool;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.decoder.Framing;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.PgOutputDecoder;
import org.pgmigrator.decoder.PgOutputMessage.StreamCommit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A durable queue on this machine's disk: frames of the walsender in, the same frames out, also after a crash.
///
/// One thread writes ([#append], [#idle], [#flush], [#awaitRoom], [#discardIncomplete]), one reads ([#reader]); the
/// thread
/// `spool-sync` makes durable what was written. [#durable] is the only position that may be confirmed to the source. It
/// is
/// monotone, and stays where it is for good once a write or a sync has failed: what the system says of its cache after
/// that
/// is not to be trusted.
///
/// A reader gets whole transactions, as soon as they are written: it may be ahead of what is durable. That does no
/// harm: if
/// such a transaction is on the target already, with its progress, the spool need not have it any more.
public final class Spool implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Spool.class);

    private static final Duration STOP_LIMIT = Duration.ofSeconds(15);
    private static final byte STREAM_COMMIT = 'c';

    private final SpoolDirectory directory;
    private final SpoolIdentity identity;
    private final SpoolLimits limits;
    private final Disk disk;
    private final FrameWriter writer;
    private final TransactionFiles transactions;
    private final byte[] encoded = new byte[Block.HEADER_BYTES + Block.MOST_STORED];
    private final Thread sync;

    @GuardedBy("this")
    private final ArrayDeque<Segment> segments = new ArrayDeque<>();

    @GuardedBy("this")
    private Lsn written;

    @GuardedBy("this")
    private Lsn durable;

    /// Size of all segments, with the streamed transactions that they refer to.
    @GuardedBy("this")
    private long totalBytes;

    /// Written and not yet durable, all segments together.
    @GuardedBy("this")
    private long unsyncedBytes;

    @GuardedBy("this")
    private long unsyncedSince;

    @GuardedBy("this")
    private boolean full;

    @GuardedBy("this")
    private long bytesAtDiskCheck;

    @GuardedBy("this")
    private boolean diskNearlyFull;

    @GuardedBy("this")
    private @Nullable MigrationException failure;

    @GuardedBy("this")
    private boolean closing;

    private Spool(
            SpoolDirectory directory,
            SpoolIdentity identity,
            SpoolLimits limits,
            Disk disk,
            List<Segment> earlier,
            Segment active) {
        this.directory = directory;
        this.identity = identity;
        this.limits = limits;
        this.disk = disk;
        this.segments.addAll(earlier);
        this.segments.addLast(active);
        this.totalBytes = segments.stream().mapToLong(Spool::size).sum();
        this.written = active.from;
        this.durable = active.from;
        KnownRelations relations = new KnownRelations();
        this.writer = new FrameWriter(this::write, relations, active.from);
        this.transactions = new TransactionFiles(directory, disk, relations, this::unsynced);
        this.sync = Thread.ofPlatform().name("spool-sync").unstarted(this::syncLoop);
    }

    /// Begins a spool in an empty directory. It is the directory's owner from now on, also if this fails.
    ///
    /// @param from everything that was committed before it is on the target, or comes with the copy
    /// @throws MigrationException SPOOL_FOREIGN if the directory is not empty; SPOOL_FAILED
    public static Spool create(SpoolDirectory directory, SpoolIdentity identity, Lsn from, SpoolLimits limits) {
        return create(directory, identity, from, limits, Disk.REAL);
    }

    static Spool create(SpoolDirectory directory, SpoolIdentity identity, Lsn from, SpoolLimits limits, Disk disk) {
        return opened(directory, () -> {
            directory.requireEmpty();
            return start(
                    directory,
                    identity,
                    limits,
                    disk,
                    List.of(),
                    new SegmentHeader(identity, 1, from, SegmentHeader.Previous.NONE));
        });
    }

    /// Opens the spool of an earlier run. It is the directory's owner from now on, also if this fails.
    ///
    /// @param keepUpto what is behind it is cut off: nothing of it was confirmed, the source sends it again
    /// @param required the spool must reach it, because it was confirmed to the source; `0/0` if the target has all
    /// that
    ///                 was
    /// @throws MigrationException SPOOL_DAMAGED if it does not; SPOOL_FOREIGN if it is another spool; SPOOL_FAILED
    public static Spool open(
            SpoolDirectory directory, SpoolIdentity expected, Lsn keepUpto, Lsn required, SpoolLimits limits) {
        return open(directory, expected, keepUpto, required, limits, Disk.REAL);
    }

    static Spool open(
            SpoolDirectory directory,
            SpoolIdentity expected,
            Lsn keepUpto,
            Lsn required,
            SpoolLimits limits,
            Disk disk) {
        return opened(directory, () -> {
            List<Segment> earlier = new Recovery(directory, expected).run(keepUpto, required);
            Segment last = earlier.getLast();
            // Never into an old file again: what was cut off there is gone for good, and relations are described anew.
            return start(
                    directory,
                    expected,
                    limits,
                    disk,
                    earlier,
                    new SegmentHeader(expected, last.number + 1, last.end, last.asPrevious()));
        });
    }

    private interface Opening {
        Spool open() throws IOException;
    }

    private static Spool opened(SpoolDirectory directory, Opening opening) {
        boolean done = false;
        try {
            Spool spool = opening.open();
            done = true;
            return spool;
        } catch (IOException refusal) {
            throw SpoolFailure.refused("opened", directory.path(), refusal);
        } finally {
            if (!done) {
                closeQuietly(directory);
            }
        }
    }

    private static Spool start(
            SpoolDirectory directory,
            SpoolIdentity identity,
            SpoolLimits limits,
            Disk disk,
            List<Segment> earlier,
            SegmentHeader first)
            throws IOException {
        Segment active = newSegment(directory, disk, first, true);
        Spool spool = new Spool(directory, identity, limits, disk, earlier, active);
        spool.sync.start();
        return spool;
    }

    /// A file whose header is not whole never has its final name, so that it cannot be mistaken for a damaged one.
    private static Segment newSegment(SpoolDirectory directory, Disk disk, SegmentHeader header, boolean synced)
            throws IOException {
        byte[] bytes = header.encode();
        Disk.Output output = disk.create(directory.newSegment(header.number()));
        boolean done = false;
        try {
            output.write(bytes, bytes.length);
            if (synced) {
                output.sync();
            }
            Files.move(directory.newSegment(header.number()), directory.segment(header.number()));
            if (synced) {
                Disk.syncDirectory(directory.path());
            }
            done = true;
            return new Segment(directory.segment(header.number()), header, header.from(), bytes.length, output);
        } finally {
            if (!done) {
                output.close();
            }
        }
    }

    public SpoolIdentity identity() {
        return identity;
    }

    public SpoolLimits limits() {
        return limits;
    }

    public SpoolDirectory directory() {
        return directory;
    }

    /// Everything that was committed behind this position, and before [#written], is here.
    public synchronized Lsn from() {
        return segments.getFirst().from;
    }

    /// Commit end of the last transaction that is written, or the idle position behind it: where the walsender goes on.
    public synchronized Lsn written() {
        return written;
    }

    /// Up to here everything is on the disk, or was on the target when the spool began.
    public synchronized Lsn durable() {
        return durable;
    }

    /// Size of everything on the disk, also of transactions in progress.
    public synchronized long bytes() {
        return totalBytes + transactions.bytes();
    }

    private static long size(Segment segment) {
        return segment.length + segment.transactionBytes;
    }

    /// Why nothing more can be written; empty while all is well.
    public synchronized Optional<MigrationException> failure() {
        return Optional.ofNullable(failure);
    }

    // What the writing thread calls.

    /// Whether the next message can be taken; waits at most `limit` for segments to be removed. A transaction that has
    /// begun is always let in to its end: it could never be applied, and so never be removed, without that. For the
    /// same reason one transaction in progress is let in where there is no segment to be removed. A disk that has less
    /// left than two segments counts as full as well.
    ///
    /// @throws MigrationException SPOOL_FULL if several transactions in progress are beyond the limit, or one leaves no
    ///     room on the disk, and nothing can be removed by applying: they are to be discarded, and the spool is as good
    ///     as before ([#failure] is empty). SPOOL_FAILED, or SPOOL_FULL, once something has failed
    public boolean awaitRoom(Duration limit) throws InterruptedException {
        if (writer.isInside() || hasRoom(Duration.ZERO)) {
            return true;
        }
        flush();
        return hasRoom(limit);
    }

    private synchronized boolean hasRoom(Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            requireSound();
            full = segments.size() > 1 && (bytes() >= limits.totalBytes() || isDiskNearlyFull());
            if (!full) {
                requireRoomInProgress();
                return true;
            }
            long millis = (deadline - System.nanoTime() + 999_999) / 1_000_000;
            if (millis <= 0) {
                return false;
            }
            wait(millis);
        }
    }

    /// Where nothing can be removed by applying, it is what is in progress that takes the room. All of it together has
    /// no bound, and after their commits transactions come one by one.
    private synchronized void requireRoomInProgress() {
        if (segments.size() > 1 || transactions.bytes() == 0) {
            return;
        }
        String size = transactions.count() + (transactions.count() == 1 ? " transaction" : " transactions")
                + " in progress: " + (transactions.bytes() >> 10) + " kB";
        if (transactions.count() > 1 && bytes() >= limits.totalBytes()) {
            throw SpoolFailure.noRoomInProgress(
                    directory.path(), size + ", more than the limit of " + (limits.totalBytes() >> 10) + " kB", null);
        }
        if (transactions.bytes() >= limits.segmentBytes() && isDiskNearlyFull()) {
            throw SpoolFailure.noRoomInProgress(
                    directory.path(),
                    size + ", and the disk has " + (directory.usableBytes() >> 10) + " kB left",
                    null);
        }
    }

    /// To wait is better than to fail, as long as something can be removed.
    private synchronized boolean isDiskNearlyFull() {
        if (full || Math.abs(bytes() - bytesAtDiskCheck) >= limits.segmentBytes() / 4) {
            bytesAtDiskCheck = bytes();
            diskNearlyFull = directory.usableBytes() < 2 * limits.segmentBytes();
        }
        return diskNearlyFull;
    }

    /// Whether the next transaction waits for room, on the disk or below the limit.
    public synchronized boolean isFull() {
        return full;
    }

    /// Whether it is larger than its limit, because a transaction cannot be divided.
    public synchronized boolean isBeyondLimit() {
        return bytes() >= limits.totalBytes() + limits.segmentBytes();
    }

    /// Whether a transaction, or a stream block, has begun whose end has not come. A transaction in progress does not
    /// count: between its blocks others are committed.
    public boolean isInsideTransaction() {
        return writer.isInside() || transactions.isInBlock();
    }

    /// Takes one message of the walsender. It is written when a block is full or at the next [#flush].
    ///
    /// @param position of the XLogData message
    /// @throws MigrationException SPOOL_FULL if a transaction in progress has no room on the disk: as in [#awaitRoom];
    ///     SPOOL_FAILED or SPOOL_FULL if something else could not be written
    public void append(Lsn position, ByteBuffer message) {
        writing(() -> {
            if (writer.isInside() || !isOfStreamed(position, message)) {
                writer.message(position, message);
            }
            rollIfFull();
        });
        FaultPoint.RECEIVED.reached();
    }

    /// Takes what belongs to transactions that are sent while they are in progress.
    private boolean isOfStreamed(Lsn position, ByteBuffer message) throws IOException {
        if (isTakenInProgress(position, message)) {
            return true;
        }
        if (message.get(message.position()) != STREAM_COMMIT) {
            return false;
        }
        StreamCommit commit = (StreamCommit) PgOutputDecoder.decode(message, Framing.TOP_LEVEL);
        boolean wanted = !writer.has(commit.commitLsn());
        TransactionFiles.Committed committed = transactions.commit(commit, message, wanted);
        if (wanted) {
            refer(committed.transaction());
        }
        writer.describe(committed.relations());
        return true;
    }

    /// What is in progress counts for no position: a disk without room for it has done nothing to the rest.
    private boolean isTakenInProgress(Lsn position, ByteBuffer message) throws IOException {
        try {
            return transactions.take(position, message);
        } catch (IOException refusal) {
            if (SpoolFailure.isFull(directory.path(), refusal)) {
                throw SpoolFailure.noRoomInProgress(directory.path(), "", refusal);
            }
            throw refusal;
        }
    }

    /// The file is whole before a reader is told of it, and synced with the segment before its end is durable.
    private void refer(StreamedTransaction transaction) throws IOException {
        synchronized (this) {
            Segment active = segments.getLast();
            active.transactions.add(directory.transaction(transaction.endLsn()));
            active.transactionBytes += transaction.length();
            totalBytes += transaction.length();
        }
        writer.streamed(transaction);
    }

    /// Notes a position of the walsender before which nothing is missing here.
    public void idle(Lsn position) {
        writing(() -> {
            writer.idle(position);
            writer.flush();
            rollIfFull();
        });
    }

    /// Writes what is complete, so that it can be read.
    public void flush() {
        writing(() -> {
            writer.flush();
            rollIfFull();
        });
    }

    /// The connection is gone: another one sends again, from their beginning, all transactions whose end has not come.
    public void discardIncomplete() {
        writing(() -> {
            transactions.discard();
            if (writer.discardIncomplete()) {
                Segment active = active();
                Disk.Output output = output(active);
                output.truncate(active.readable);
                synchronized (this) {
                    totalBytes -= active.length - active.readable;
                    active.length = active.readable;
                }
            }
            // The next connection begins behind what is written: nothing that is complete may be behind that.
            writer.flush();
        });
    }

    private interface Writing {
        void run() throws IOException;
    }

    private void writing(Writing step) {
        synchronized (this) {
            requireSound();
        }
        try {
            step.run();
        } catch (IOException refusal) {
            throw fail(SpoolFailure.refused("written", directory.path(), refusal));
        }
    }

    private synchronized void requireSound() {
        if (failure != null) {
            throw failure;
        }
        if (closing) {
            throw new MigrationException(
                    Failure.of(FailureKind.BUG, "The spool in " + directory.path() + " is closed.", ""));
        }
    }

    private synchronized MigrationException fail(MigrationException reason) {
        if (failure == null) {
            failure = reason;
            log.error("spool failed written={} durable={}", written, durable, reason);
        }
        notifyAll();
        return failure;
    }

    private synchronized Segment active() {
        return segments.getLast();
    }

    private synchronized Disk.Output output(Segment active) throws IOException {
        Disk.Output output = active.output;
        if (output == null) {
            throw new IOException("the segment is closed");
        }
        return output;
    }

    private void write(byte[] raw, int length, Block.Kind kind, Lsn end) throws IOException {
        int bytes = Block.encode(raw, length, kind, end, encoded);
        Segment active = active();
        output(active).write(encoded, bytes);
        synchronized (this) {
            active.length += bytes;
            totalBytes += bytes;
            if (kind.isComplete()) {
                active.readable = active.length;
                active.end = end;
                written = end;
            }
            unsynced(bytes);
            notifyAll();
        }
    }

    private synchronized void unsynced(long bytes) {
        if (bytes > 0 && unsyncedBytes == 0) {
            unsyncedSince = System.nanoTime();
        }
        unsyncedBytes += bytes;
        notifyAll();
    }

    /// The next transaction begins in a new segment if this one has become large enough.
    private void rollIfFull() throws IOException {
        Segment active = active();
        if (writer.isInside() || size(active) < limits.segmentBytes()) {
            return;
        }
        writer.flush();
        SegmentHeader header;
        synchronized (this) {
            header = new SegmentHeader(identity, active.number + 1, active.end, active.asPrevious());
        }
        Segment next = newSegment(directory, disk, header, false);
        synchronized (this) {
            active.closed = true;
            segments.addLast(next);
            totalBytes += next.length;
            // Also where nothing follows for a while: the closed one can be removed only once it was synced as it is.
            unsynced(next.length);
            notifyAll();
        }
        writer.repeatRelations();
    }

    // What the applying side calls.

    /// Reads transactions that end behind `after`, and waits for more.
    ///
    /// @throws MigrationException SPOOL_DAMAGED if transactions between `after` and the first segment are missing
    public SpoolReader reader(Lsn after) {
        synchronized (this) {
            if (segments.getFirst().from.isAfter(after)) {
                throw new MigrationException(Failure.of(
                        FailureKind.SPOOL_DAMAGED,
                        "The spool in " + directory.path() + " begins at " + segments.getFirst().from
                                + ", but the target has only what was committed before " + after + ".",
                        "what is between was removed here when the target had it"));
            }
            Segment first = segments.stream()
                    .filter(segment -> segment.end.isAfter(after) || !segment.closed)
                    .findFirst()
                    .orElseThrow();
            return new SpoolReader(this, after, first.number);
        }
    }

    /// Where a reader stands and how far it may read.
    ///
    /// @param readable bytes of complete transactions in this file
    record View(long number, java.nio.file.Path path, int headerLength, long readable) {}

    /// Waits until there is something to be read behind `offset` of a segment.
    ///
    /// @return the segment, or the next one if nothing more comes in this one; empty if nothing came in time
    synchronized Optional<View> await(long number, long offset, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            for (Segment segment : segments) {
                long read = Math.max(segment.number > number ? 0 : offset, segment.headerLength);
                if (segment.number >= number && segment.readable > read) {
                    return Optional.of(new View(segment.number, segment.path, segment.headerLength, segment.readable));
                }
            }
            long millis = (deadline - System.nanoTime() + 999_999) / 1_000_000;
            if (millis <= 0) {
                return Optional.empty();
            }
            wait(millis);
        }
    }

    /// The target has everything up to here: segments that hold nothing else are removed, once they are durable, so
    /// that
    /// nobody still writes to them.
    public void release(Lsn applied) {
        List<Segment> done = new ArrayList<>();
        synchronized (this) {
            while (segments.size() > 1
                    && segments.getFirst().output == null
                    && applied.isAtLeast(segments.getFirst().end)) {
                totalBytes -= size(segments.getFirst());
                done.add(segments.removeFirst());
            }
            if (!done.isEmpty()) {
                notifyAll();
            }
        }
        for (Segment segment : done) {
            try {
                Files.deleteIfExists(segment.path);
                remove(segment.transactions);
            } catch (IOException refusal) {
                log.warn("segment not removed path={}", segment.path, refusal);
            }
        }
    }

    /// Only when the segment that refers to them is certainly gone, so that no crash brings back a segment without
    /// them.
    private void remove(List<Path> files) throws IOException {
        if (!files.isEmpty()) {
            Disk.syncDirectory(directory.path());
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }

    // The thread that makes durable.

    private void syncLoop() {
        try {
            while (awaitDue()) {
                syncOnce();
            }
            syncOnce();
        } catch (IOException refusal) {
            fail(SpoolFailure.refused("made durable", directory.path(), refusal));
        } catch (InterruptedException nobodyDoes) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error bug) {
            fail(new MigrationException(
                    Failure.of(FailureKind.BUG, "The spool could not be made durable.", bug.toString()), bug));
        }
    }

    /// @return false if the spool is being closed
    private synchronized boolean awaitDue() throws InterruptedException {
        while (!closing) {
            long millis = Long.MAX_VALUE;
            if (unsyncedBytes > 0) {
                long elapsed = System.nanoTime() - unsyncedSince;
                millis = (limits.syncInterval().toNanos() - elapsed + 999_999) / 1_000_000;
                if (millis <= 0 || unsyncedBytes >= limits.syncBytes()) {
                    return failure == null;
                }
            }
            wait(Math.min(millis, 60_000));
        }
        return false;
    }

    private void syncOnce() throws IOException {
        List<Unsynced> open = new ArrayList<>();
        Lsn end;
        synchronized (this) {
            if (failure != null || unsyncedBytes == 0) {
                return;
            }
            for (Segment segment : segments) {
                if (segment.output != null) {
                    open.add(new Unsynced(segment, segment.output, segment.length));
                }
            }
            end = written;
            unsyncedBytes = 0;
        }
        // Everything that was written before `end` was.
        transactions.sync();
        for (Unsynced part : open) {
            part.output().sync();
        }
        Disk.syncDirectory(directory.path());
        synchronized (this) {
            durable = durable.max(end);
            notifyAll();
        }
        for (Unsynced part : open) {
            closeIfDone(part);
        }
    }

    /// What a segment held when it was synced.
    private record Unsynced(Segment segment, Disk.Output output, long length) {}

    /// A closed segment that was synced after its last byte needs its file no more.
    private void closeIfDone(Unsynced synced) throws IOException {
        synchronized (this) {
            if (!synced.segment().closed || synced.segment().length != synced.length()) {
                return;
            }
            synced.segment().output = null;
            notifyAll();
        }
        synced.output().close();
    }

    /// Makes durable what is written, and gives the directory back. What was not flushed comes again from the source.
    @Override
    public void close() {
        synchronized (this) {
            if (closing) {
                return;
            }
            closing = true;
            notifyAll();
        }
        boolean interrupted = Thread.interrupted();
        try {
            if (!sync.join(STOP_LIMIT)) {
                log.warn("the disk of the spool does not answer path={}", directory.path());
            }
        } catch (InterruptedException stop) {
            interrupted = true;
        }
        closeOutputs();
        closeQuietly(directory);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void closeOutputs() {
        List<Segment> open;
        synchronized (this) {
            open = List.copyOf(segments);
        }
        for (Segment segment : open) {
            Disk.@Nullable Output output = segment.output;
            if (output != null) {
                closeQuietly(output);
            }
        }
        transactions.close().forEach(refusal -> log.debug("closing a transaction's file", refusal));
    }

    private static void closeQuietly(java.io.Closeable resource) {
        try {
            resource.close();
        } catch (IOException alreadyGone) {
            log.debug("closing the spool", alreadyGone);
        }
    }
}
