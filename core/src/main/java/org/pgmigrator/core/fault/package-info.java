/// The points at which tests cut the program off. Owns: their names, and what happens there when it was asked for.
/// Knows nothing of what is cut off. Everybody may say that a point was reached.
@NullMarked
package org.pgmigrator.core.fault;

import org.jspecify.annotations.NullMarked;
