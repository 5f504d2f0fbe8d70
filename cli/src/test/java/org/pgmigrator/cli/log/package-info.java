/// Tests of the log file.
@NullMarked
package org.pgmigrator.cli.log;

import org.jspecify.annotations.NullMarked;
