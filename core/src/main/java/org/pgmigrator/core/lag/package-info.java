/// How far the target is behind, and how near the slot is to its limits: sampling, rates, age.
///
/// Owns: what is measured and how, and the words for what was measured of a slot. Does not own: what follows from
/// it. Left neighbour: the source's own counters and the positions of the engines. Right neighbours:
/// `core.phase.stream`, `core.status`.
@NullMarked
package org.pgmigrator.core.lag;

import org.jspecify.annotations.NullMarked;
