/// Applications that write to a server: a TPC-B as pgbench's, and a shop with everything that a schema can hold.
///
/// Owns: their tables, their transactions, and running them by many clients at a bounded rate. Does not own: the
/// server,
/// and judging what arrived elsewhere. Left neighbour: `server`. Right neighbours: the demo, tests and benchmarks.
@NullMarked
package org.pgmigrator.sandbox.workload;

import org.jspecify.annotations.NullMarked;
