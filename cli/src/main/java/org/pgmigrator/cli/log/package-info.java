/// The log file: everything that happened, for the one who has to find out why. Never a password.
///
/// Owns: Logback's configuration in code, the bridge from `java.util.logging`, the masking of passwords.
/// Does not own: what is logged.
/// Left neighbour: SLF4J. Right neighbour: one file.
@NullMarked
package org.pgmigrator.cli.log;

import org.jspecify.annotations.NullMarked;
