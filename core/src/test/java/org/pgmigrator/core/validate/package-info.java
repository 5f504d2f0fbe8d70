/// Tests of the checks.
@NullMarked
package org.pgmigrator.core.validate;

import org.jspecify.annotations.NullMarked;
