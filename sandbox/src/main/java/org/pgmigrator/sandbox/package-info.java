/// Placeholder.
@NullMarked
package org.pgmigrator.sandbox;

import org.jspecify.annotations.NullMarked;
