package org.pgmigrator.core.stream;

import java.util.List;
import org.pgmigrator.decoder.Bytes;
import org.pgmigrator.decoder.OldRow;
import org.pgmigrator.decoder.PgOutputMessage.Relation;
import org.pgmigrator.decoder.Tuple;

/// What one step of a transaction did, with the relation as it was described to us at that moment.
///
/// The relation is the very object that the stream announced: a consumer may use its identity to notice a new version.
public sealed interface Change {

    record Insert(Relation relation, Tuple after) implements Change {}

    record Update(Relation relation, OldRow before, Tuple after) implements Change {}

    record Delete(Relation relation, OldRow.Present before) implements Change {}

    /// All relations are emptied by one statement; none of them was filtered away.
    record Truncate(List<Relation> relations, boolean cascade, boolean restartIdentity) implements Change {
        public Truncate {
            relations = List.copyOf(relations);
        }
    }

    /// A transactional `pg_logical_emit_message`.
    record Message(String prefix, Bytes content) implements Change {}
}
