/// The rules of the whole project that a compiler does not know.
@NullMarked
package org.pgmigrator.architecture;

import org.jspecify.annotations.NullMarked;
