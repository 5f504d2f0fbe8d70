package org.pgmigrator.core.validate;

import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.MigrationConfig.Mode;
import org.pgmigrator.core.config.ReplicationConfig;

/// What the operator asked for, as far as a check depends on it.
record Request(Mode mode, ReplicationConfig replication, CopyConfig copy, FilterConfig filter, boolean resume) {

    boolean online() {
        return mode == Mode.ONLINE;
    }
}
