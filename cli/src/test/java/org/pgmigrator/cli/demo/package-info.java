/// Tests of the demo.
@NullMarked
package org.pgmigrator.cli.demo;

import org.jspecify.annotations.NullMarked;
