/// How far the target is behind: sampling, rates, age.
///
/// Owns: what is measured and how. Does not own: what follows from it. Left neighbour: the source's own counters and
/// the
/// positions of the engines. Right neighbour: `core.phase`.
@NullMarked
package org.pgmigrator.core.lag;

import org.jspecify.annotations.NullMarked;
