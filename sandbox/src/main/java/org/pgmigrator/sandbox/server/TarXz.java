package org.pgmigrator.sandbox.server;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/// Unpacks a `.txz` with its symbolic links and its execute permissions; everything becomes readable by everybody.
final class TarXz {

    private static final int ANY_EXECUTE = 0111;

    private TarXz() {}

    static void unpack(InputStream packed, Path folder) throws IOException {
        Set<PosixFilePermission> readable = EnumSet.of(
                PosixFilePermission.OWNER_READ,
                PosixFilePermission.OWNER_WRITE,
                PosixFilePermission.GROUP_READ,
                PosixFilePermission.OTHERS_READ);
        Set<PosixFilePermission> executable = EnumSet.copyOf(readable);
        executable.addAll(EnumSet.of(
                PosixFilePermission.OWNER_EXECUTE,
                PosixFilePermission.GROUP_EXECUTE,
                PosixFilePermission.OTHERS_EXECUTE));
        Files.setPosixFilePermissions(folder, executable);
        try (TarArchiveInputStream tar = new TarArchiveInputStream(new XZCompressorInputStream(packed))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path path = inside(folder, entry.getName());
                if (entry.isDirectory()) {
                    makeFolders(folder, path, executable);
                    continue;
                }
                makeFolders(folder, path.resolveSibling(""), executable);
                if (entry.isSymbolicLink()) {
                    inside(
                            folder,
                            folder.relativize(path.resolveSibling(entry.getLinkName()))
                                    .toString());
                    Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
                } else if (entry.isLink()) {
                    Files.createLink(path, inside(folder, entry.getLinkName()));
                } else {
                    Files.copy(tar, path);
                    Files.setPosixFilePermissions(path, (entry.getMode() & ANY_EXECUTE) != 0 ? executable : readable);
                }
            }
        }
    }

    private static void makeFolders(Path root, Path folder, Set<PosixFilePermission> permissions) throws IOException {
        Path current = root;
        for (Path name : root.relativize(folder)) {
            current = current.resolve(name);
            if (!Files.isDirectory(current)) {
                Files.createDirectory(current);
                Files.setPosixFilePermissions(current, permissions);
            }
        }
    }

    private static Path inside(Path folder, String name) throws IOException {
        Path path = folder.resolve(name).normalize();
        if (!path.startsWith(folder)) {
            throw new IOException("archive entry points outside: " + name);
        }
        return path;
    }
}
