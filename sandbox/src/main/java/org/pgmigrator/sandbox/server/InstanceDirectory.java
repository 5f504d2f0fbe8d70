package org.pgmigrator.sandbox.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/// The folder of one embedded server in the temporary folder: data directory, log, and a lock that says that its owner
/// lives. A later start removes the folders whose owner was killed.
///
/// @param path the folder
/// @param lock held until the folder is removed or this JVM ends in any way
record InstanceDirectory(Path path, FileLock lock) {

    private static final String PREFIX = "pg-migrator-server-";
    private static final String LOCK_FILE = "owner.lock";

    /// POSIX locks end when any channel of this process on the same file is closed, so our own must never be probed.
    private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

    /// Between a folder's creation and its lock a living owner looks like a dead one.
    private static final Duration TIME_TO_LOCK = Duration.ofMinutes(1);

    static InstanceDirectory create() throws IOException {
        Path path = Files.createTempDirectory(PREFIX).toAbsolutePath();
        OWN.add(path);
        // The server's user must be able to pass through; the data directory below is closed to others.
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx--x--x"));
        FileChannel channel =
                FileChannel.open(path.resolve(LOCK_FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        return new InstanceDirectory(path, channel.lock());
    }

    Path data() {
        return path.resolve("data");
    }

    Path log() {
        return path.resolve("server.log");
    }

    void delete() throws IOException {
        new OwnDisk(data()).unmount();
        FileTree.delete(path);
        lock.acquiredBy().close();
        OWN.remove(path);
    }

    /// Removes what killed JVMs of this user have left behind. Never fails: another process may be doing the same.
    static void removeAbandoned() {
        int ownUid = ServerAccount.ownUid();
        try (Stream<Path> folders =
                Files.list(Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath())) {
            folders.filter(folder -> folder.getFileName().toString().startsWith(PREFIX))
                    .filter(folder -> !OWN.contains(folder))
                    // Others may put anything under such a name into a shared folder, and root could harm anybody.
                    .filter(folder -> Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS))
                    .filter(folder -> ServerAccount.owner(folder) == ownUid)
                    .forEach(InstanceDirectory::removeIfAbandoned);
        } catch (IOException | UncheckedIOException | SandboxException e) {
            // Rubbish that cannot be listed stays; the server that is wanted now is not harmed by it.
        }
    }

    private static void removeIfAbandoned(Path folder) {
        Path lockFile = folder.resolve(LOCK_FILE);
        try {
            if (Files.getLastModifiedTime(folder)
                    .toInstant()
                    .isAfter(Instant.now().minus(TIME_TO_LOCK))) {
                return;
            }
            try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = channel.tryLock()) {
                if (lock != null) {
                    Path data = folder.resolve("data");
                    PostmasterPid.read(data).ifPresent(file -> file.endAbandoned(data));
                    new OwnDisk(data).unmount();
                    FileTree.delete(folder);
                }
            }
        } catch (IOException e) {
            // It belongs to another user, or is being removed by another process.
        }
    }
}
