/// The options of the command line, in groups that commands mix in, each converted once to its slice of configuration.
///
/// Owns: spelling, units, defaults as the operator reads them, the environment twin of every option. Does not own: what
/// a value may be (`core.config` refuses, and its message names the option).
/// Left neighbour: the command line. Right neighbour: `core.config`.
@NullMarked
package org.pgmigrator.cli.option;

import org.jspecify.annotations.NullMarked;
