/// Tests of what logical decoding does not carry.
@NullMarked
package org.pgmigrator.core.uncarried;

import org.jspecify.annotations.NullMarked;
