/// How fast changes reach a target, against PostgreSQL's own apply worker on the same backlog in the same run.
///
/// Owns: backlogs, contenders, the clock, CPU seconds and the table of results. Does not own: any way to apply; it
/// drives the classes that a migration runs. Left neighbours: `core`, `sandbox`. Nothing depends on it.
@NullMarked
package org.pgmigrator.bench;

import org.jspecify.annotations.NullMarked;
