/// Placeholder.
@NullMarked
package org.pgmigrator.cli;

import org.jspecify.annotations.NullMarked;
