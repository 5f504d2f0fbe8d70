package org.pgmigrator.core.validate;

import java.util.Optional;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.MigrationConfig.Mode;
import org.pgmigrator.core.config.ReplicationConfig;
import org.pgmigrator.core.config.SourceLockConfig;

/// What the operator asked for, as far as a check depends on it.
///
/// @param sourceLock empty if nobody will cut over by it
record Request(
        Mode mode,
        ReplicationConfig replication,
        CopyConfig copy,
        FilterConfig filter,
        boolean resume,
        Optional<SourceLockConfig.Mode> sourceLock) {

    boolean online() {
        return mode == Mode.ONLINE;
    }
}
