/// Whole migrations: the program as a process of its own, between real servers.
///
/// [MigrationRun] is the process, as a script sees it; [DatabasePair] is what it works on.
@NullMarked
package org.pgmigrator.cli.migrate;

import org.jspecify.annotations.NullMarked;
