/// The checks before a migration: read only, all findings at once, each with what, why and its remedy.
///
/// Owns: every question that is asked before anything is created, and the facts that the answers prove
/// ([org.pgmigrator.core.validate.Validated]). Does not own: acting on them, or printing them.
/// Left neighbours: `core.postgres`, `core.config`, and `core.copy` for the client tools. Right neighbour:
/// `core.phase`.
@NullMarked
package org.pgmigrator.core.validate;

import org.jspecify.annotations.NullMarked;
