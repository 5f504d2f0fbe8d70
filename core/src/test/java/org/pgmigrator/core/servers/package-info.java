/// The servers that the integration tests of this module share.
@NullMarked
package org.pgmigrator.core.servers;

import org.jspecify.annotations.NullMarked;
