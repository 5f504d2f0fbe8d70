/// Throw-away PostgreSQL servers and what is done to them: for `demo`, tests and benchmarks.
///
/// Owns: `server` (start and fault control), `compare` (content of two databases), `workload` (writers), `proxy`
/// (network
/// faults). Does not own: anything that a migration needs; `core` never depends on this module.
@NullMarked
package org.pgmigrator.sandbox;

import org.jspecify.annotations.NullMarked;
