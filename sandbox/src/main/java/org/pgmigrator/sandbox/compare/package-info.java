/// Whether two databases hold the same: every table row by row, and the sequences.
///
/// Owns: the proof at the end of the demo, of tests and of benchmarks, independent of the code that it judges. Does not
/// own: the product's own verification, nor schema objects other than tables, columns and sequences. Left neighbour:
/// `server`. Right neighbours: whoever asserts that nothing was lost.
@NullMarked
package org.pgmigrator.sandbox.compare;

import org.jspecify.annotations.NullMarked;
