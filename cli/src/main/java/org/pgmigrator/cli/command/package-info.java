/// The commands: each opens a session, runs its part of `core`, and returns. None prints an error or exits by itself.
///
/// Owns: one class per command. Does not own: options (`cli.option`), looks (`cli.render`), exit codes of failures
/// (`cli`).
/// Left neighbour: `cli`. Right neighbours: `core.phase`, `core.control`, `core.status`.
@NullMarked
package org.pgmigrator.cli.command;

import org.jspecify.annotations.NullMarked;
