package org.pgmigrator.sandbox.server;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The programs of one major, unpacked once per machine and kept.
///
/// The folder is `~/.cache/pg-migrator/servers`, or one in the temporary folder for root, whose home the unprivileged
/// user of the server cannot enter; the system property `pgmigrator.servers.cache` names another one.
///
/// @param folder holds bin, lib and share; never changes once it exists
record ServerBinaries(Path folder) {

    private static final Map<Integer, ServerBinaries> FOUND = new ConcurrentHashMap<>();

    Path program(String name) {
        return folder.resolve("bin").resolve(name);
    }

    static ServerBinaries of(int major) {
        return FOUND.computeIfAbsent(major, ServerBinaries::findOrUnpack);
    }

    private static ServerBinaries findOrUnpack(int major) {
        ServerArchive archive = ServerArchive.find(major);
        try {
            Path cache = cache();
            Path folder = cache.resolve(major + "-" + archive.digest());
            if (!Files.isDirectory(folder)) {
                unpack(archive, cache, folder);
            }
            return new ServerBinaries(folder);
        } catch (IOException e) {
            throw new SandboxException(
                    "cannot unpack the server of major " + major + " (" + e
                            + "). The system property pgmigrator.servers.cache names another folder for it.",
                    e);
        }
    }

    /// Several processes may come here at once: one unpacks, the others wait for its lock. The rename at the end makes
    /// the
    /// folder appear complete or not at all.
    private static void unpack(ServerArchive archive, Path cache, Path folder) throws IOException {
        String name = folder.getFileName().toString();
        try (FileChannel channel =
                FileChannel.open(cache.resolve(name + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.lock();
            if (Files.isDirectory(folder)) {
                return;
            }
            Path unfinished = cache.resolve(name + ".unfinished");
            FileTree.delete(unfinished);
            Files.createDirectory(unfinished);
            try (InputStream stream = archive.open()) {
                TarXz.unpack(stream, unfinished);
            }
            Files.move(unfinished, folder, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private static Path cache() throws IOException {
        String configured = System.getProperty("pgmigrator.servers.cache");
        if (configured != null) {
            return Files.createDirectories(Path.of(configured).toAbsolutePath());
        }
        if (ServerAccount.ownUid() != 0) {
            return Files.createDirectories(
                    Path.of(System.getProperty("user.home"), ".cache", "pg-migrator", "servers"));
        }
        Path cache =
                Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath().resolve("pg-migrator-servers");
        Files.createDirectories(cache);
        // Anybody may create a folder of this name in /tmp before us, with programs that we would then run.
        if (ServerAccount.owner(cache) != 0 || Files.isSymbolicLink(cache)) {
            throw new IOException(cache + " belongs to another user");
        }
        Files.setPosixFilePermissions(cache, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        return cache;
    }
}
