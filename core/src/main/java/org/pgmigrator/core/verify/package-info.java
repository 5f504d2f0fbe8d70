/// Proof by content: what is on one side is on the other.
///
/// Owns: content hashes. Does not own: what a difference leads to. Left neighbours: both databases. Right neighbour:
/// `core.phase`.
@NullMarked
package org.pgmigrator.core.verify;

import org.jspecify.annotations.NullMarked;
