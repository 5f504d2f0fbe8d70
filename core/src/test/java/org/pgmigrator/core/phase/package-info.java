/// Tests of whole migrations.
@NullMarked
package org.pgmigrator.core.phase;

import org.jspecify.annotations.NullMarked;
