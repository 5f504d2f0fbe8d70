/// The walsender session: bytes in, transactions in commit order out.
///
/// Owns: the `PGReplicationStream`, the relations it announced, the bounded queue to the applier, feedback. Does not
/// own:
/// the target, and what has been applied there; it only ever repeats the one number that the applier acknowledges.
/// Left neighbour: `decoder`. Right neighbour: `core.apply`, through [StreamItem].
@NullMarked
package org.pgmigrator.core.stream;

import org.jspecify.annotations.NullMarked;
