/// The demonstration: a real migration between two throw-away servers, with an application that writes all the time.
///
/// Owns: the story on the screen, the order of scenes, leaving nothing behind. Does not own: servers, workload and
/// comparison (`sandbox`), the migration (`core.phase`).
/// Left neighbour: `sandbox.stage`. Right neighbour: `cli.command`, the same renderers as a real migration.
@NullMarked
package org.pgmigrator.cli.demo;

import org.jspecify.annotations.NullMarked;
