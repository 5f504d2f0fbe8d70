package org.pgmigrator.core.spool;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// What a folder is like in which a spool is to be: looked at, and left as it is.
///
/// @param existing    the folder, or the nearest one above it that exists
/// @param folder      whether `existing` is a folder
/// @param writable    whether this user may make files in it
/// @param contents    the names of what is in the folder already, without a spool's lock
/// @param usableBytes what its disk has left for this user
/// @param fileSystem  as the system calls it, such as `ext4`
public record SpoolPlace(
        Path existing, boolean folder, boolean writable, List<String> contents, long usableBytes, String fileSystem) {

    private static final Set<String> MEMORY = Set.of("tmpfs", "ramfs", "devtmpfs");

    public SpoolPlace {
        contents = List.copyOf(contents);
    }

    /// Looks at a folder, or at where it would be made.
    ///
    /// @throws IOException if the system does not say
    public static SpoolPlace of(Path path) throws IOException {
        Path existing = path;
        while (!Files.exists(existing) && existing.getParent() != null) {
            existing = existing.getParent();
        }
        List<String> contents = new ArrayList<>();
        boolean folder = Files.isDirectory(existing);
        if (folder && existing.equals(path)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(path)) {
                for (Path file : files) {
                    contents.add(file.getFileName().toString());
                }
            }
            contents.remove(SpoolDirectory.LOCK);
            contents.sort(null);
        }
        return new SpoolPlace(
                existing,
                folder,
                Files.isWritable(existing),
                contents,
                SpoolDirectory.usableBytes(existing),
                Files.getFileStore(existing).type());
    }

    /// Whether a restart of the machine loses what is there.
    public boolean isInMemory() {
        return MEMORY.contains(fileSystem);
    }
}
