package org.pgmigrator.core.apply;

import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.decoder.PgOutputMessage.Begin;

/// Which transaction of the source a change belongs to, for messages.
record Origin(Begin begin) {

    /// `the source's transaction 4711, committed at 0/1A2B3C`.
    String describe() {
        return "the source's transaction " + begin.xid() + ", committed at " + begin.finalLsn();
    }

    MigrationException failure(FailureKind kind, String what, String why, Throwable cause) {
        return new MigrationException(Failure.of(kind, what + " It belongs to " + describe() + ".", why), cause);
    }

    MigrationException failure(FailureKind kind, String what, String why) {
        return new MigrationException(Failure.of(kind, what + " It belongs to " + describe() + ".", why));
    }
}
