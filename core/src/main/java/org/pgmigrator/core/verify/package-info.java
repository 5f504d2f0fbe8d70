/// Proof by comparison: what is on one side is on the other, in definitions, in numbers of rows, and in every value.
///
/// Owns: sessions that read each side under one snapshot, content hashes, the search for the rows that differ, the
/// comparison of catalogues. Does not own: what a difference leads to. Left neighbours: both databases. Right
/// neighbours: `core.phase.cutover`, which compares under the cutover's lock, and `cli`, which compares at any time.
@NullMarked
package org.pgmigrator.core.verify;

import org.jspecify.annotations.NullMarked;
