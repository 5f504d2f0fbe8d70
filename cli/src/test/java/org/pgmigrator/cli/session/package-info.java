/// Tests of questions and streams.
@NullMarked
package org.pgmigrator.cli.session;

import org.jspecify.annotations.NullMarked;
