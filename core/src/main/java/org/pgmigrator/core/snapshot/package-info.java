/// What is created on the source, in the order that keeps it safe: replica identities, publications, slot, snapshot.
///
/// Owns: their creation, their life and their removal; each is announced to the [UndoLog] before it is made. Does not
/// own: the copy that reads under the snapshot, the stream that reads from the slot. Left neighbour: `core.validate`,
/// which has proved that it may be done. Right neighbours: `core.copy`, `core.stream`.
@NullMarked
package org.pgmigrator.core.snapshot;

import org.jspecify.annotations.NullMarked;
