/// How a migration stands, asked from any terminal, with a process at work or without one.
///
/// Owns: what is read from both databases for it, and what follows: whether it is safe to cut over, and what can be
/// done now. Changes nothing. Does not own: how it looks (`cli`). Left neighbours: `core.state`, `core.lag`. Right
/// neighbour: `cli`.
@NullMarked
package org.pgmigrator.core.status;

import org.jspecify.annotations.NullMarked;
