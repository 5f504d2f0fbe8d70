/// Whether anything gets lost: whole migrations by the launcher, under load, of which everything is broken at random.
///
/// Owns: the plan of what is broken and when, what it is done with, and the proof at the end of each migration. Does
/// not
/// own: the migration, which runs in a process of its own as a user starts it; servers, proxies, the application and
/// the
/// comparison, which are the sandbox's.
@NullMarked
package org.pgmigrator.bench.faults;

import org.jspecify.annotations.NullMarked;
