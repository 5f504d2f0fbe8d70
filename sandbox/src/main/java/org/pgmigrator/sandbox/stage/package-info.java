/// A source with an application that writes to it, and an empty target: the scene on which a migration is shown.
///
/// Owns: putting servers, workload and comparison together, and taking all of it away. Does not own: the migration.
/// Left neighbours: `server`, `workload`, `compare`. Right neighbour: the demo.
@NullMarked
package org.pgmigrator.sandbox.stage;

import org.jspecify.annotations.NullMarked;
