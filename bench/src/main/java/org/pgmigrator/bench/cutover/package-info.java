/// How long a cutover keeps writes away: whole migrations by the launcher, with a client that writes all the time.
///
/// Owns: the databases of many tables, the client, what the program and the client say of the same cutover. Does not
/// own: the migration, which runs in a process of its own as a user starts it.
@NullMarked
package org.pgmigrator.bench.cutover;

import org.jspecify.annotations.NullMarked;
