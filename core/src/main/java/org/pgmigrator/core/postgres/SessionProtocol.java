package org.pgmigrator.core.postgres;

import java.util.Properties;
import org.postgresql.PGProperty;

/// How a session talks to its server.
enum SessionProtocol {
    /// Ordinary SQL, prepared and typed.
    EXTENDED,
    /// SQL as text, many statements in one message.
    SIMPLE,
    /// A walsender of the database, which knows the simple protocol only.
    WALSENDER;

    void applyTo(Properties properties) {
        switch (this) {
            case EXTENDED -> {}
            case SIMPLE -> PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
            case WALSENDER -> {
                PGProperty.REPLICATION.set(properties, "database");
                PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
            }
        }
    }
}
