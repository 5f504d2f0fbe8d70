/// The spool: what was received from the source and is not on the target yet, durable on this machine's disk.
///
/// Owns: segments of raw pgoutput frames with their checksums, the files of transactions in progress, when they are
/// durable, what becomes of them after a
/// crash,
/// their removal. Does not own: the walsender session, what is confirmed to the source, the target. Left neighbour:
/// `core.stream`'s receiver, through [org.pgmigrator.core.spool.Spool#append]. Right neighbour: again `core.stream`,
/// which
/// puts transactions together from [org.pgmigrator.core.spool.SpoolReader].
@NullMarked
package org.pgmigrator.core.spool;

import org.jspecify.annotations.NullMarked;
