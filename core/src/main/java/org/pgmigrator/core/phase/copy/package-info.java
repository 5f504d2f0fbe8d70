/// The copy as a phase: publications, slot and snapshot, then definitions, rows and indexes, or an earlier copy gone
/// on with.
///
/// Owns: the order of these, what is noted of them on the target so that a copy survives a lost connection, holding
/// a snapshot in a process of its own, room on the target. Does not own: the work (`core.snapshot`, `core.copy`),
/// and what becomes of both sides when it fails (`core.phase`). Left neighbour: `core.phase.stream`, whose spool
/// receives meanwhile. Right neighbour: `core.phase`.
@NullMarked
package org.pgmigrator.core.phase.copy;

import org.jspecify.annotations.NullMarked;
