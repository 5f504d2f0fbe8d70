package org.pgmigrator.core.spool;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.spool.SpoolDirectory.Numbered;
import org.pgmigrator.core.spool.SpoolDirectory.TransactionOnDisk;
import org.pgmigrator.decoder.Lsn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Opens what an earlier run has left: believes what was durable, cuts off what may not have been.
///
/// Everything up to `keepUpto` was durable once, because nothing is confirmed to the source before. What is behind it
/// can
/// be asked for again, so that it is cut off, whole or torn. What is missing before `required` is lost: the source was
/// told
/// that it is safe here.
final class Recovery {

    private static final Logger log = LoggerFactory.getLogger(Recovery.class);

    private final SpoolDirectory directory;
    private final SpoolIdentity expected;

    private record Found(Numbered file, @Nullable SegmentHeader header) {}

    private final List<TransactionOnDisk> transactions = new ArrayList<>();

    Recovery(SpoolDirectory directory, SpoolIdentity expected) {
        this.directory = directory;
        this.expected = expected;
    }

    /// Nothing is changed before it is certain that nothing required is missing.
    ///
    /// @return the segments, all closed, at least one
    List<Segment> run(Lsn keepUpto, Lsn required) throws IOException {
        List<Found> found = read();
        transactions.addAll(directory.transactions());
        int first = firstOfChain(found);
        int last = lastOfChain(found, first, keepUpto);
        if (last < 0) {
            throw lost(directory.path() + " holds no segment that can be read", required);
        }
        Found tail = found.get(last);
        SegmentScan scan = SegmentScan.of(
                directory, tail.file(), header(tail), Files.size(tail.file().path()), keepUpto);
        if (required.isAfter(scan.end())) {
            throw lost(
                    tail.file().path() + " is good up to byte " + scan.length() + ", position " + scan.end()
                            + (scan.damage().isEmpty() ? "" : ": " + scan.damage()),
                    required);
        }
        cut(found, first, last, scan);
        return segments(found.subList(first, last + 1), scan);
    }

    private static MigrationException lost(String where, Lsn required) {
        return new MigrationException(Failure.of(
                FailureKind.SPOOL_DAMAGED,
                "The spool is damaged: it does not reach " + required + ", up to which positions were confirmed.",
                where + "; the source does not send again what it was told is safe here"));
    }

    private List<Found> read() throws IOException {
        List<Found> found = new ArrayList<>();
        for (Numbered file : directory.segments()) {
            SegmentHeader header = directory.header(file.path()).orElse(null);
            if (header != null && !header.identity().equals(expected)) {
                throw SpoolFailure.foreign(
                        directory.path(),
                        "it holds " + header.identity().describe() + ", but this is " + expected.describe());
            }
            if (header != null && header.number() != file.number()) {
                throw SpoolFailure.damaged(file.path(), 0, "it is segment " + header.number() + " by its header");
            }
            found.add(new Found(file, header));
        }
        return found;
    }

    private static SegmentHeader header(Found segment) {
        SegmentHeader header = segment.header();
        if (header == null) {
            throw SpoolFailure.damaged(segment.file().path(), 0, "the header of the segment is damaged");
        }
        return header;
    }

    /// Segments are removed from the front; a crash may bring some back, but none that follow each other up to the
    /// last.
    private static int firstOfChain(List<Found> found) {
        int first = Math.max(0, found.size() - 1);
        while (first > 0
                && found.get(first - 1).file().number()
                        == found.get(first).file().number() - 1) {
            first--;
        }
        return first;
    }

    /// The last segment that can be believed and has something to be kept: what follows a segment that is not as long
    /// as
    /// it was when it was closed is of no use.
    private int lastOfChain(List<Found> found, int first, Lsn keepUpto) throws IOException {
        if (found.isEmpty() || found.get(first).header() == null) {
            return -1;
        }
        int last = first;
        while (last + 1 < found.size()) {
            SegmentHeader next = found.get(last + 1).header();
            if (next == null
                    || !asItWas(found.get(last), next).equals(next.previous())
                    || next.from().isAfter(keepUpto)
                    || header(found.get(last)).from().isAfter(next.from())) {
                return last;
            }
            last++;
        }
        return last;
    }

    /// A closed segment, as it is now.
    private SegmentHeader.Previous asItWas(Found segment, SegmentHeader next) throws IOException {
        List<TransactionOnDisk> its = within(header(segment).from(), next.from());
        return new SegmentHeader.Previous(Files.size(segment.file().path()), its.size(), size(its));
    }

    private List<TransactionOnDisk> within(Lsn from, Lsn to) {
        return transactions.stream()
                .filter(file -> file.end().isAfter(from) && to.isAtLeast(file.end()))
                .toList();
    }

    private static long size(List<TransactionOnDisk> files) {
        return files.stream().mapToLong(TransactionOnDisk::bytes).sum();
    }

    private void cut(List<Found> found, int first, int last, SegmentScan scan) throws IOException {
        for (int i = found.size() - 1; i >= 0; i--) {
            if (i < first || i > last) {
                log.info("removing segment number={}", found.get(i).file().number());
                Files.delete(found.get(i).file().path());
            }
        }
        List<TransactionOnDisk> kept = within(header(found.get(first)).from(), scan.end());
        for (TransactionOnDisk file : transactions) {
            if (!kept.contains(file)) {
                log.info("removing transaction end={}", file.end());
                Files.delete(file.path());
            }
        }
        directory.removeUnfinished();
        try (RandomAccessFile file =
                new RandomAccessFile(found.get(last).file().path().toFile(), "rw")) {
            if (file.length() != scan.length()) {
                log.info(
                        "cutting segment number={} from={} to={} end={} reason={}",
                        found.get(last).file().number(),
                        file.length(),
                        scan.length(),
                        scan.end(),
                        scan.damage());
                file.setLength(scan.length());
            }
            file.getFD().sync();
        }
        Disk.syncDirectory(directory.path());
    }

    private List<Segment> segments(List<Found> chain, SegmentScan scan) throws IOException {
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < chain.size(); i++) {
            boolean isLast = i == chain.size() - 1;
            Lsn end = isLast ? scan.end() : header(chain.get(i + 1)).from();
            Segment segment = new Segment(
                    chain.get(i).file().path(),
                    header(chain.get(i)),
                    end,
                    Files.size(chain.get(i).file().path()),
                    null);
            List<TransactionOnDisk> its = within(segment.from, end);
            its.forEach(file -> segment.transactions.add(file.path()));
            segment.transactionBytes = size(its);
            segments.add(segment);
        }
        return segments;
    }
}
