package org.pgmigrator.bench;

import org.pgmigrator.sandbox.server.PostgresServer;

/// What one run of one contender works on: a target database of its own, with the initial copy, and a slot of its own
/// at the start of the backlog.
record Run(PostgresServer source, PostgresServer target, String sourceDatabase, String targetDatabase, String slot) {

    static final String PUBLICATION = "bench";
}
