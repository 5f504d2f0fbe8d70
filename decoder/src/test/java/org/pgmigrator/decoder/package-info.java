@NullMarked
package org.pgmigrator.decoder;

import org.jspecify.annotations.NullMarked;
