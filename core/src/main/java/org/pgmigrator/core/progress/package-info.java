/// What the outside may see of a running migration: events, published in order by one thread at a time.
///
/// Owns: `ProgressEvent` and its listener, and what Ctrl+C can mean. Does not own: how it looks (`cli`).
@NullMarked
package org.pgmigrator.core.progress;

import org.jspecify.annotations.NullMarked;
