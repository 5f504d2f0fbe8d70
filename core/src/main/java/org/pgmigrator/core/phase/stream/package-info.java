/// The stream at work: the receiver, the spool if there is one, and the applier, opened as one and watched.
///
/// Owns: the proof that the stream begins where the target is, the heartbeats, the spool from the slot's creation
/// on, the care for the slot, what is an outage and for how long. Does not own: streaming again after an outage, and
/// the way into the cutover (`core.phase`). Left neighbours: `core.stream`, `core.spool`, `core.apply` and
/// `core.lag`, which it composes. Right neighbours: `core.phase.copy`, during which the slot is watched and the
/// spool fills, and `core.phase.cutover`, which drains it.
@NullMarked
package org.pgmigrator.core.phase.stream;

import org.jspecify.annotations.NullMarked;
