/// Tests of the command line as a whole, run in this process.
@NullMarked
package org.pgmigrator.cli;

import org.jspecify.annotations.NullMarked;
