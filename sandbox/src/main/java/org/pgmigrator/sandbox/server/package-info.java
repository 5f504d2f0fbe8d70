/// Throw-away PostgreSQL servers of several majors behind one interface.
///
/// Owns: unpacking, starting, stopping, killing and removing them, as embedded servers or as containers. Does not own:
/// what runs on them. Left neighbour: the archives of the server binaries. Right neighbours: `workload`, `compare`,
/// `proxy`, and the tests and the demo that need a server.
@NullMarked
package org.pgmigrator.sandbox.server;

import org.jspecify.annotations.NullMarked;
