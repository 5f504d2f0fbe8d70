package org.pgmigrator.core.spool;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.decoder.Lsn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The directory of a spool: its file names, and the lock that keeps a second process away from it.
///
/// `segment-<number>` are the frames, `segment-<number>.new` is one that was not begun, `transaction-<commit end>`
/// holds
/// a streamed transaction, `transaction-<id>.new` one that is in progress, `lock` is what is locked. A file of another
/// name is nobody's of ours: it is left alone, and a directory that has one is not begun in.
public final class SpoolDirectory implements Closeable {

    private static final Logger log = LoggerFactory.getLogger(SpoolDirectory.class);

    private static final Pattern SEGMENT = Pattern.compile("segment-(\\d{12})");
    private static final Pattern TRANSACTION = Pattern.compile("transaction-([0-9A-F]{16})");
    private static final String NEW = ".new";
    static final String LOCK = "lock";

    private final Path path;
    private final RandomAccessFile lockFile;

    private SpoolDirectory(Path path, RandomAccessFile lockFile) {
        this.path = path;
        this.lockFile = lockFile;
    }

    /// Makes the directory if there is none, and locks it for this process.
    ///
    /// @throws MigrationException SPOOL_IN_USE if another process has it; SPOOL_FAILED if it cannot be made or written
    public static SpoolDirectory lock(Path path) {
        try {
            if (!Files.isDirectory(path)) {
                Files.createDirectories(
                        path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            RandomAccessFile file = new RandomAccessFile(path.resolve(LOCK).toFile(), "rw");
            if (isLocked(file)) {
                sign(file);
                // The holder before may have removed the name of what we have locked. (Its content is not read: closing
                // a
                // second handle would give the lock back.)
                if (Files.exists(path.resolve(LOCK))) {
                    return new SpoolDirectory(path, file);
                }
            }
            String holder = holder(file);
            file.close();
            throw new MigrationException(Failure.of(
                    FailureKind.SPOOL_IN_USE,
                    "The spool in " + path + " is in use.",
                    "its lock is held by process " + holder));
        } catch (IOException refusal) {
            throw SpoolFailure.refused("opened", path, refusal);
        }
    }

    /// For whom it keeps away only: on a disk without any room the lock holds all the same.
    private static void sign(RandomAccessFile file) {
        try {
            file.setLength(0);
            file.write(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII));
        } catch (IOException refusal) {
            log.warn("the lock of the spool does not say whose it is: {}", refusal.getMessage());
        }
    }

    private static boolean isLocked(RandomAccessFile file) throws IOException {
        try {
            FileLock held = file.getChannel().tryLock();
            return held != null;
        } catch (OverlappingFileLockException ours) {
            return false;
        }
    }

    private static String holder(RandomAccessFile file) throws IOException {
        byte[] bytes = new byte[(int) Math.min(32, file.length())];
        file.seek(0);
        file.readFully(bytes);
        return bytes.length == 0 ? "(unknown)" : new String(bytes, StandardCharsets.US_ASCII);
    }

    /// The name by which this machine is told apart from others in the migration's state.
    public static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (IOException unnamed) {
            return "(unknown host)";
        }
    }

    public Path path() {
        return path;
    }

    /// What the disk has left for this user; much if it does not say.
    long usableBytes() {
        return usableBytes(path);
    }

    static long usableBytes(Path path) {
        try {
            return Files.getFileStore(path).getUsableSpace();
        } catch (IOException unknown) {
            return Long.MAX_VALUE;
        }
    }

    Path segment(long number) {
        return path.resolve(String.format("segment-%012d", number));
    }

    Path newSegment(long number) {
        return path.resolve(String.format("segment-%012d", number) + NEW);
    }

    /// The file of a streamed transaction that was committed: no two of them end at the same place.
    Path transaction(Lsn end) {
        return path.resolve(String.format("transaction-%016X", end.value()));
    }

    Path transactionInProgress(long xid) {
        return path.resolve(String.format("transaction-%016X", xid) + NEW);
    }

    /// The file of a streamed transaction.
    record TransactionOnDisk(Lsn end, Path path, long bytes) {}

    /// The streamed transactions that were committed, in no order.
    List<TransactionOnDisk> transactions() throws IOException {
        List<TransactionOnDisk> found = new ArrayList<>();
        for (Path file : files()) {
            Matcher name = TRANSACTION.matcher(file.getFileName().toString());
            if (name.matches()) {
                found.add(new TransactionOnDisk(
                        new Lsn(Long.parseUnsignedLong(name.group(1), 16)), file, Files.size(file)));
            }
        }
        return found;
    }

    /// A segment's file with its number.
    record Numbered(long number, Path path) {}

    /// The segments, by their numbers.
    List<Numbered> segments() throws IOException {
        List<Numbered> found = new ArrayList<>();
        for (Path file : files()) {
            Matcher name = SEGMENT.matcher(file.getFileName().toString());
            if (name.matches()) {
                found.add(new Numbered(Long.parseLong(name.group(1)), file));
            }
        }
        found.sort(Comparator.comparingLong(Numbered::number));
        return found;
    }

    private List<Path> files() throws IOException {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(path)) {
            all.forEach(found::add);
        }
        return found;
    }

    private static boolean isOurs(Path file) {
        String name = file.getFileName().toString();
        String begun = name.replace(NEW, "");
        return name.equals(LOCK)
                || SEGMENT.matcher(begun).matches()
                || TRANSACTION.matcher(begun).matches();
    }

    /// Whose spool is here; empty if there is none, or none whose files can be read.
    public Optional<SpoolIdentity> identity() {
        try {
            Optional<SpoolIdentity> found = Optional.empty();
            for (Numbered segment : segments()) {
                if (found.isEmpty()) {
                    found = header(segment.path()).map(SegmentHeader::identity);
                }
            }
            return found;
        } catch (IOException refusal) {
            throw SpoolFailure.refused("read", path, refusal);
        }
    }

    Optional<SegmentHeader> header(Path file) throws IOException {
        try (RandomAccessFile segment = new RandomAccessFile(file.toFile(), "r")) {
            return SegmentHeader.read(segment);
        } catch (SegmentHeader.OtherVersion other) {
            throw SpoolFailure.foreign(path, file.getFileName() + ": " + other.getMessage());
        }
    }

    /// A new spool is begun only where nothing is that could be missed.
    ///
    /// @throws MigrationException SPOOL_FOREIGN if something is
    public void requireEmpty() {
        List<String> others;
        try {
            others = files().stream()
                    .map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals(LOCK))
                    .sorted()
                    .toList();
        } catch (IOException refusal) {
            throw SpoolFailure.refused("read", path, refusal);
        }
        if (!others.isEmpty()) {
            throw SpoolFailure.foreign(
                    path,
                    "a new spool begins in an empty directory, and this one holds "
                            + identity().map(SpoolIdentity::describe).orElse("files: " + others));
        }
    }

    /// Removes segments that were begun and never used, and transactions that were in progress.
    void removeUnfinished() throws IOException {
        for (Path file : files()) {
            if (isOurs(file) && file.getFileName().toString().endsWith(NEW)) {
                Files.delete(file);
            }
        }
    }

    /// Removes the spool with this id. Another one, and files that are not a spool's, stay.
    ///
    /// @return whether nothing of it is left
    public boolean remove(UUID id) {
        try {
            boolean other = identity().map(found -> !found.id().equals(id)).orElse(false);
            if (other) {
                return false;
            }
            for (Path file : files()) {
                if (isOurs(file) && !file.getFileName().toString().equals(LOCK)) {
                    Files.delete(file);
                }
            }
            return true;
        } catch (IOException refusal) {
            throw SpoolFailure.refused("removed", path, refusal);
        }
    }

    /// Gives the lock back, and removes its file where nothing else is left.
    @Override
    public void close() throws IOException {
        if (Files.exists(path) && files().size() == 1) {
            Files.deleteIfExists(path.resolve(LOCK));
        }
        lockFile.close();
    }
}
