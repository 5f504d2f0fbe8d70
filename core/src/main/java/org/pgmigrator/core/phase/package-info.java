/// The order of a migration: it alone composes the engines, and knows what exists on both sides at any moment.
///
/// Owns: the sequence of phases, the operator's control, the durable state, what is undone on a stop or a failure.
/// Does not own: any of the work itself. The engines do not know this package.
/// Left neighbour: none. Right neighbour: `cli`.
@NullMarked
package org.pgmigrator.core.phase;

import org.jspecify.annotations.NullMarked;
