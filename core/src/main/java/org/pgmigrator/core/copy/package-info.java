/// The initial copy: schema and data by pg_dump and pg_restore, as child processes of their own process group.
///
/// Owns: the choice of the client tools, their life, their progress and their errors; what a filter means for a dump;
/// emptying the target; ANALYZE. Does not own: the snapshot the copy reads under, the order of phases, pg-migrator's
/// own
/// schema on the target.
/// Left neighbour: `core.snapshot` (the identifier of the exported snapshot). Right neighbour: `core.apply` (the
/// restored tables).
@NullMarked
package org.pgmigrator.core.copy;

import org.jspecify.annotations.NullMarked;
