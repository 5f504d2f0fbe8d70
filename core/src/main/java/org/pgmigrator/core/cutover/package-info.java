/// The steps between "the operator wants it" and "the target is open".
///
/// Owns: the source's lock, its fence and its door (what keeps writes away, for a while and for good), the marker,
/// sequences, the target's door (closed from the start, opened at the end), what must be proved before it is opened.
/// Does not own: the order of the steps and going back, which are `core.phase.cutover`'s. Left neighbour:
/// `core.apply`, through the progress row. Right neighbour: the open target.
@NullMarked
package org.pgmigrator.core.cutover;

import org.jspecify.annotations.NullMarked;
