package org.pgmigrator.sandbox.server;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A file system of its own, in memory, whose size is changed while it is in use: a disk that is full, for everybody
/// who writes to it, and then is not.
///
/// It takes the right to mount, which root has on a machine of its own and seldom in a container.
///
/// See https://www.kernel.org/doc/html/latest/filesystems/tmpfs.html
record OwnDisk(Path path) {

    /// More than anybody writes; only what is written takes memory.
    private static final long ROOM = 8L << 30;

    /// Somebody may write between the look at what is used and the change.
    private static final int TRIES = 50;

    /// Why there can be none here.
    static Optional<String> obstacle() {
        try {
            Path folder = Files.createTempDirectory("pg-migrator-disk-");
            try {
                OwnDisk disk = new OwnDisk(folder);
                Optional<String> refused = disk.tryMount();
                if (refused.isEmpty()) {
                    disk.unmount();
                }
                return refused;
            } finally {
                Files.delete(folder);
            }
        } catch (IOException e) {
            return Optional.of(e.toString());
        }
    }

    /// Mounts it on an empty folder.
    static OwnDisk mount(Path folder) {
        OwnDisk disk = new OwnDisk(folder);
        disk.tryMount().ifPresent(refused -> {
            throw new SandboxException("no disk can be mounted on " + folder + ": " + refused);
        });
        return disk;
    }

    private Optional<String> tryMount() {
        if (!OnPath.has("mount") || !OnPath.has("umount")) {
            return Optional.of("there is no mount or umount on the path");
        }
        ProcessOutput output = ProcessOutput.of(
                List.of("mount", "-t", "tmpfs", "-o", "size=" + ROOM, "pg-migrator-disk", path.toString()));
        return output.isSuccess() ? Optional.empty() : Optional.of(output.text().strip());
    }

    /// From now on nothing more can be written to it.
    void fill() {
        String told = "";
        for (int i = 0; i < TRIES; i++) {
            ProcessOutput output = resize(used());
            if (output.isSuccess()) {
                return;
            }
            told = output.text().strip();
        }
        throw new SandboxException(path + " could not be made full: " + told);
    }

    /// Gives back the room that [#fill()] has taken.
    void free() {
        ProcessOutput output = resize(ROOM);
        if (!output.isSuccess()) {
            throw new SandboxException(
                    path + " could not be given room: " + output.text().strip());
        }
    }

    private long used() {
        try {
            FileStore store = Files.getFileStore(path);
            return store.getTotalSpace() - store.getUnallocatedSpace();
        } catch (IOException e) {
            throw new SandboxException("cannot look at " + path + ": " + e, e);
        }
    }

    private ProcessOutput resize(long bytes) {
        return ProcessOutput.of(List.of("mount", "-o", "remount,size=" + bytes, path.toString()));
    }

    /// Unmounts it, with everything that is on it; does nothing if it is not mounted.
    void unmount() throws IOException {
        if (isMounted()) {
            // Lazily: a process of a killed server may still have files open.
            ProcessOutput output = ProcessOutput.of(List.of("umount", "--lazy", path.toString()));
            if (!output.isSuccess()) {
                throw new IOException(output.text().strip());
            }
        }
    }

    private boolean isMounted() throws IOException {
        return Files.isDirectory(path)
                && !Files.getAttribute(path, "unix:dev")
                        .equals(Files.getAttribute(path.resolveSibling(""), "unix:dev"));
    }
}
