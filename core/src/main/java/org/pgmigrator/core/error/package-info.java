/// What can go wrong: kinds of failure with their exit code, and the one exception that carries them.
///
/// Owns: `FailureKind`, `Failure`, `ExitCode`. Does not own: detecting a failure (the engines do), printing it (`cli`).
@NullMarked
package org.pgmigrator.core.error;

import org.jspecify.annotations.NullMarked;
