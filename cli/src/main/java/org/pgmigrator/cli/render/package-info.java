/// What the operator and scripts see of a run: lines for a person, JSON for a program.
///
/// Owns: the wording and the order of fields. Does not own: where it is written to (`cli.session`), nor what happened.
/// Left neighbour: `core.progress`. Right neighbour: stdout and stderr.
@NullMarked
package org.pgmigrator.cli.render;

import org.jspecify.annotations.NullMarked;
