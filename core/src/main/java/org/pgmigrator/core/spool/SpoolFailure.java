package org.pgmigrator.core.spool;

import java.io.IOException;
import java.nio.file.Path;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;

/// What can go wrong with a spool, in words.
final class SpoolFailure {

    private SpoolFailure() {}

    /// Writing, syncing or reading was refused by the system.
    static MigrationException refused(String what, Path file, IOException cause) {
        return new MigrationException(
                Failure.of(
                        FailureKind.SPOOL_FAILED,
                        "The spool could not be " + what + ": " + file + ".",
                        words(cause)
                                + "; nothing that is not durable there was confirmed to the source, which keeps its WAL"
                                + " from there on"),
                cause);
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
