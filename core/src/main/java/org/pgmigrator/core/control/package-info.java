/// How the operator reaches the migration at work: by signals from its own terminal, by requests from others.
///
/// Owns: what was asked for and what Ctrl+C means at the moment, the desk that answers other terminals, the other
/// end of that desk, the question before something is destroyed. Does not own: what is done then (`core.phase`), and
/// the signals themselves (`cli.signal`). Left neighbour: `core.state`, through whose tables two terminals speak.
/// Right neighbour: `core.phase` with its parts.
@NullMarked
package org.pgmigrator.core.control;

import org.jspecify.annotations.NullMarked;
