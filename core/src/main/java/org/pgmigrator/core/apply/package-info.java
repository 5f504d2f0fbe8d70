/// Rows onto the target, each transaction of the source exactly once.
///
/// Owns: the target transaction with its progress row, the SQL of changes, what a change must hit. Does not own: the
/// source, and when to stop. Left neighbour: `core.stream`, through its [org.pgmigrator.core.stream.StreamItem]. Right
/// neighbour: the target database.
@NullMarked
package org.pgmigrator.core.apply;

import org.jspecify.annotations.NullMarked;
