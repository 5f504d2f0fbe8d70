package org.pgmigrator.sandbox.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The postmaster.pid of a data directory: there while a server runs, and after one was killed.
///
/// Lines: process id, data directory, start time, port, socket folder, listen address, shared memory key and id,
/// status.
///
/// @param sharedMemory key and id of the System V segment that guards the data directory, or empty text
/// @param status `ready` or `standby` once connections are accepted
record PostmasterPid(long pid, String sharedMemory, String status) {

    static Optional<PostmasterPid> read(Path dataDirectory) {
        try {
            List<String> lines = Files.readAllLines(dataDirectory.resolve("postmaster.pid"));
            if (lines.size() < 8) {
                return Optional.empty();
            }
            return Optional.of(new PostmasterPid(
                    Long.parseLong(lines.get(0).strip()),
                    lines.get(6).strip(),
                    lines.get(7).strip()));
        } catch (IOException | NumberFormatException e) {
            // Not there yet, or just being written.
            return Optional.empty();
        }
    }

    boolean isReady(long expectedPid) {
        return pid == expectedPid && (status.equals("ready") || status.equals("standby"));
    }

    /// Ends a server whose owner is gone, if it really is the one of this data directory.
    void endAbandoned(Path dataDirectory) {
        ProcessHandle.of(pid)
                .filter(process -> process.info().commandLine().orElse("").contains(dataDirectory.toString()))
                .ifPresent(ProcessHandle::destroyForcibly);
        removeSharedMemory();
    }

    /// Removes the System V segment that a killed server leaves behind: 56 bytes each, but a machine has few slots.
    void removeSharedMemory() {
        String[] keyAndId = sharedMemory.split("\\s+", -1);
        try {
            boolean isOurs = keyAndId.length == 2
                    && Files.readAllLines(Path.of("/proc/sysvipc/shm")).stream()
                            .map(line -> line.strip().split("\\s+", -1))
                            .anyMatch(columns -> columns.length > 4
                                    && columns[0].equals(keyAndId[0])
                                    && columns[1].equals(keyAndId[1])
                                    && columns[4].equals(Long.toString(pid)));
            if (isOurs && OnPath.has("ipcrm")) {
                ProcessOutput.of(List.of("ipcrm", "-m", keyAndId[1]));
            }
        } catch (IOException e) {
            // Not Linux: the segment stays until the next start of the machine.
        }
    }
}
