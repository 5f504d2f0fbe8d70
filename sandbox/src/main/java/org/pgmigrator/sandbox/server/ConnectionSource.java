package org.pgmigrator.sandbox.server;

import java.sql.Connection;
import java.sql.SQLException;

/// Opens new sessions on one database, such as `() -> server.connect("shop")`. The caller closes them. Thread-safe.
@FunctionalInterface
public interface ConnectionSource {

    Connection open() throws SQLException;
}
