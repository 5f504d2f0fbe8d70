/// One run of one command: its streams, its terminal, its log file and its renderer, opened together and closed
/// together.
///
/// Owns: `Console` (what the process was given) and `Session` (what the command opened). Does not own: what is
/// rendered.
/// Left neighbour: `cli.command`. Right neighbour: `cli.render`, `cli.log`.
@NullMarked
package org.pgmigrator.cli.session;

import org.jspecify.annotations.NullMarked;
