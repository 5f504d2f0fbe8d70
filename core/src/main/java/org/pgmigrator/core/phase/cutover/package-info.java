/// The cutover as a phase: from the operator's wish to the open target, or back to the stream.
///
/// Owns: the order of its steps, its time limit, the point of no return, what becomes of a cutover that was cut off.
/// Does not own: the single steps (`core.cutover`, `core.uncarried`, `core.verify`), and when a cutover begins
/// (`core.phase`). Left neighbour: `core.phase.stream`, which it drains. Right neighbour: `core.phase`.
@NullMarked
package org.pgmigrator.core.phase.cutover;

import org.jspecify.annotations.NullMarked;
