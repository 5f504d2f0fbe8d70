/// Tests of the options.
@NullMarked
package org.pgmigrator.cli.option;

import org.jspecify.annotations.NullMarked;
