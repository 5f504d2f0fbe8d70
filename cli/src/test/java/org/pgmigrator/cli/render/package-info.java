/// Tests of the renderers.
@NullMarked
package org.pgmigrator.cli.render;

import org.jspecify.annotations.NullMarked;
