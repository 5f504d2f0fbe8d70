/// The order of a migration: it composes the phases, and knows what exists on both sides at any moment.
///
/// Owns: the sequence of phases, where a resume goes on, streaming through outages, what is undone on a stop or a
/// failure, and what is done to a migration by another command (`abort`, `sequences`). Does not own: a phase's
/// inside, which is a package of its own below this one, and the work itself, which is the engines'; those know
/// nothing of phases. Left neighbours: `core.phase.copy`, `core.phase.stream`, `core.phase.cutover`, `core.state`,
/// `core.control`. Right neighbour: `cli`.
@NullMarked
package org.pgmigrator.core.phase;

import org.jspecify.annotations.NullMarked;
