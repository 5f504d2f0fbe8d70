/// Tests of the signals.
@NullMarked
package org.pgmigrator.cli.signal;

import org.jspecify.annotations.NullMarked;
