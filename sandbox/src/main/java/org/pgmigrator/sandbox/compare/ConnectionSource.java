package org.pgmigrator.sandbox.compare;

import java.sql.Connection;
import java.sql.SQLException;

/// Opens a new session on one of the two databases. The comparison pins its settings and closes it.
@FunctionalInterface
public interface ConnectionSource {

    Connection open() throws SQLException;
}
