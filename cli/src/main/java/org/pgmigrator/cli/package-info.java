/// The entry: assembles the command line, runs one command, and turns whatever ends it into an exit code.
///
/// Owns: `Main`, the tree of commands, what an error looks like to the operator. Does not own: any SQL, nor the order
/// of a migration (`core.phase`).
/// Left neighbour: `core.phase`. Right neighbour: the operator.
@NullMarked
package org.pgmigrator.cli;

import org.jspecify.annotations.NullMarked;
