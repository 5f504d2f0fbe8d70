package org.pgmigrator.core.validate;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Path;
import java.util.List;
import org.pgmigrator.core.config.SpoolConfig;
import org.pgmigrator.core.spool.SpoolPlace;

/// Whether the spool's folder is one that changes can be trusted to. It is neither made nor written to.
final class SpoolCheck {

    static final String NAME = "spool";

    /// A spool is full when two segments of 64 MB have no room any more: several should come before that.
    private static final long LITTLE_ROOM = 1L << 30;

    private static final List<String> ANOTHER = List.of("Name another folder with --spool-dir.");

    private SpoolCheck() {}

    /// @param resume what the earlier run has left there is expected
    static void look(SpoolConfig spool, boolean resume, Findings findings) {
        Path path = spool.directory();
        SpoolPlace place;
        try {
            place = SpoolPlace.of(path);
        } catch (IOException | DirectoryIteratorException refusal) {
            findings.error("The spool's folder " + path + " cannot be looked at.", refusal.toString(), ANOTHER);
            return;
        }
        if (!place.folder()) {
            findings.error(
                    "The spool's folder " + path + " is none.", place.existing() + " is a file, not a folder", ANOTHER);
        } else if (!place.writable()) {
            findings.error(
                    "The spool's folder " + path + " cannot be written.",
                    "This user may not make files in " + place.existing() + ", or its file system is read only.",
                    ANOTHER);
        } else if (!resume && !place.contents().isEmpty()) {
            findings.error(
                    "The spool's folder " + path + " is not empty.",
                    "A new spool begins in an empty folder, which it has to itself; this one holds "
                            + Words.list(place.contents()) + ".",
                    ANOTHER);
        } else {
            look(path, spool.limitBytes(), place, findings);
        }
    }

    private static void look(Path path, long limit, SpoolPlace place, Findings findings) {
        if (place.isInMemory()) {
            findings.warning(
                    "The spool's folder " + path + " is on " + place.fileSystem() + ", which is memory.",
                    "A restart of this machine loses it. What only it has by then was confirmed to the source, which does"
                            + " not send it again: the copy must start again.",
                    "Name a folder on a disk that you trust like the database's own with --spool-dir.");
        }
        String room = Words.bytes(place.usableBytes()) + " free on " + place.fileSystem() + ", of which it may take "
                + Words.bytes(limit) + " (--spool-limit)";
        if (place.usableBytes() < LITTLE_ROOM) {
            findings.warning(
                    "The spool's folder " + path + " has little room: " + room + ".",
                    "When its disk is nearly full nothing new is received until the target has what is there, and the"
                            + " source keeps its WAL, as without a spool.",
                    "Make room there, or name another folder with --spool-dir.");
        } else if (!place.isInMemory()) {
            findings.ok("The spool's folder " + path + " can be written: " + room + "."
                    + (place.usableBytes() < limit
                            ? " Should the disk become nearly full before that, the source keeps its WAL."
                            : ""));
        }
    }
}
