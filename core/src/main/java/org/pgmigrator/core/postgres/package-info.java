/// Everything that is PostgreSQL and belongs to no phase: connecting, the catalogue, SQLSTATE classes.
///
/// Owns: turning one libpq connection string into sessions and child environments; reading tables. Does not own: what
/// is
/// done with them. Left neighbour: `core.config`. Right neighbours: all engines.
@NullMarked
package org.pgmigrator.core.postgres;

import org.jspecify.annotations.NullMarked;
