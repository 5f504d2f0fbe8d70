package org.pgmigrator.core.spool;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;

/// What can go wrong with a spool, in words.
final class SpoolFailure {

    private SpoolFailure() {}

    /// Less than that is nothing: a file system keeps some for itself.
    private static final long NOTHING_LEFT = 64 << 10;

    /// Writing, syncing or reading was refused by the system.
    static MigrationException refused(String what, Path file, IOException cause) {
        return new MigrationException(
                Failure.of(
                        isFull(file, cause) ? FailureKind.SPOOL_FULL : FailureKind.SPOOL_FAILED,
                        "The spool could not be " + what + ": " + file + ".",
                        words(cause)
                                + "; nothing that is not durable there was confirmed to the source, which keeps its WAL"
                                + " from there on"),
                cause);
    }

    /// What is in progress has no room, and is not to be kept.
    static MigrationException noRoomInProgress(Path directory, String why, @Nullable IOException cause) {
        return new MigrationException(
                Failure.of(
                        FailureKind.SPOOL_FULL,
                        "The spool has no room for transactions in progress: " + directory + ".",
                        cause == null ? why : words(cause)),
                cause);
    }

    /// Whether room is what is missing. The system's words may be of another language: then the disk is asked.
    static boolean isFull(Path file, IOException cause) {
        String words = words(cause).toLowerCase(Locale.ROOT);
        return words.contains("no space left")
                || words.contains("quota exceeded")
                || SpoolDirectory.usableBytes(file) < NOTHING_LEFT;
    }

    private static String words(IOException cause) {
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }

    /// What was durable once is not what was written.
    static MigrationException damaged(Path file, long offset, String why) {
        return new MigrationException(Failure.of(
                FailureKind.SPOOL_DAMAGED,
                "The spool is damaged: " + file + ", byte " + offset + ".",
                why + "; what is behind it was confirmed to the source, which does not send it again"));
    }

    static MigrationException foreign(Path directory, String why) {
        return new MigrationException(Failure.of(
                FailureKind.SPOOL_FOREIGN, "The directory " + directory + " is not this migration's spool.", why));
    }
}
