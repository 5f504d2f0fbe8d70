/// What the target remembers of a migration, in its schema `pgmigrator`, and how what was created is taken back.
///
/// Owns: the tables of that schema but for the applier's progress, the lease that keeps a second process away, the
/// journal and its undoing, what an operator can do who finds a migration in this state. Does not own: when anything
/// is written or undone. Whoever must not hold the lease reads by the records; [StateStore] is the process's at
/// work. Left neighbour: `core.apply`, which keeps the progress. Right neighbours: `core.control`, `core.status` and
/// `core.phase` with its parts.
@NullMarked
package org.pgmigrator.core.state;

import org.jspecify.annotations.NullMarked;
