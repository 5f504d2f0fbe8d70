package org.pgmigrator.core.copy;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A folder that only we can read, for one dump; `close()` removes it with all that is in it.
public final class DumpFolder implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(DumpFolder.class);

    private final Path path;

    private DumpFolder(Path path) {
        this.path = path;
    }

    /// Makes one in the configured folder, or in the system's temporary one.
    ///
    /// @throws MigrationException `DUMP_FAILED` if it cannot be made
    public static DumpFolder create(CopyConfig config) {
        Path parent = config.workDir().orElseGet(() -> Path.of(System.getProperty("java.io.tmpdir")));
        try {
            Files.createDirectories(parent);
            return new DumpFolder(Files.createTempDirectory(
                    parent,
                    "pg-migrator-dump-",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))));
        } catch (IOException failure) {
            throw new MigrationException(
                    Failure.of(
                            FailureKind.DUMP_FAILED,
                            "No folder for the dump can be made in " + parent + ".",
                            failure.toString()),
                    failure);
        }
    }

    public Path path() {
        return path;
    }

    /// What pg_dump writes and pg_restore reads.
    Path dump() {
        return path.resolve("dump");
    }

    /// The list of entries that pg_restore is told to restore.
    Path list() {
        return path.resolve("restore.list");
    }

    /// An empty place for another try of pg_dump, which wants to make its folder itself.
    void clear() throws IOException {
        remove(dump());
    }

    /// Bytes that can still be written here.
    long freeBytes() throws IOException {
        return Files.getFileStore(path).getUsableSpace();
    }

    @Override
    public void close() {
        try {
            remove(path);
        } catch (IOException failure) {
            LOG.error("the dump is left behind, remove it by hand path={} reason={}", path, failure.toString());
        }
    }

    private static void remove(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            // A tool that was just ended may have removed the file itself.
            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.deleteIfExists(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
