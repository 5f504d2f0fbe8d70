package org.pgmigrator.cli.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/// Everything that a demo writes to disk, in one folder: the servers' programs, the dump, the log. Gone when closed.
final class DemoFolder implements AutoCloseable {

    private final Path path;
    private final Path programs;
    private final Path dump;

    private DemoFolder(Path path) throws IOException {
        this.path = path;
        // Servers of root run as another user, who has to reach their programs; everything else stays closed to others.
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx--x--x"));
        programs = Files.createDirectory(path.resolve("servers"));
        Files.setPosixFilePermissions(programs, PosixFilePermissions.fromString("rwxr-xr-x"));
        dump = Files.createDirectory(path.resolve("dump"));
        Files.setPosixFilePermissions(dump, PosixFilePermissions.fromString("rwx------"));
    }

    static DemoFolder create() {
        try {
            return new DemoFolder(Files.createTempDirectory("pg-migrator-demo-"));
        } catch (IOException e) {
            throw new UncheckedIOException("no temporary folder can be made for the demo", e);
        }
    }

    Path path() {
        return path;
    }

    Path programs() {
        return programs;
    }

    Path dump() {
        return dump;
    }

    Path log() {
        return path.resolve("pg-migrator.log");
    }

    /// Removes everything else, for the one who has to find out what went wrong.
    void keepOnlyLog() {
        remove(programs);
        remove(dump);
    }

    @Override
    public void close() {
        remove(path);
    }

    private static void remove(Path path) {
        try {
            if (Files.exists(path)) {
                Files.walkFileTree(path, new Removal());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the folder " + path + " of the demo cannot be removed", e);
        }
    }

    private static final class Removal extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure) throws IOException {
            if (failure != null) {
                throw failure;
            }
            Files.delete(folder);
            return FileVisitResult.CONTINUE;
        }
    }
}
