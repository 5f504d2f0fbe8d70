/// What logical decoding does not carry, brought to the target under the source's lock: unlogged tables, large
/// objects and the contents of materialized views.
///
/// Owns: finding it, so that `check` can tell what the cutover will have to do; its own sessions on both sides; what
/// can be done before the lock. Does not own: sequences (`core.cutover`), the lock, the order of the cutover's
/// steps. Left neighbour: the locked source. Right neighbours: `core.validate`, which tells what there is, and
/// `core.phase.cutover`, which calls it between the drain and the sequences.
@NullMarked
package org.pgmigrator.core.uncarried;

import org.jspecify.annotations.NullMarked;
