package org.pgmigrator.core.apply;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.decoder.PgOutputMessage.Relation;

/// A published relation, resolved against the target's catalogue: what is needed to write its rows.
///
/// @param relation    as the stream announced it; columns are addressed by their position in it
/// @param name        the target's table: the relation's, or one above it, if its rows may be in other partitions there
/// @param partitioned whether the target's table is partitioned itself
/// @param binary      whether its values come in binary form
/// @param columns     one for each column of the relation, in its order
/// @param uniqueKey   positions of the columns of a unique, immediate index without predicate on NOT NULL columns, if
///                    the target has one: under REPLICA IDENTITY FULL rows are found by it
/// @param indexed     positions of columns that lead an index, best first: they speed up a search by whole rows
/// @param plan        how its changes are written
record TargetTable(
        int id,
        Relation relation,
        QualifiedName name,
        boolean partitioned,
        boolean binary,
        List<TargetColumn> columns,
        Optional<List<Integer>> uniqueKey,
        List<Integer> indexed,
        TablePlan plan) {

    TargetTable {
        columns = List.copyOf(columns);
        uniqueKey = uniqueKey.map(List::copyOf);
        indexed = List.copyOf(indexed);
    }

    /// Positions of the columns that the source flags as its replica identity.
    List<Integer> identityColumns() {
        return java.util.stream.IntStream.range(0, columns.size())
                .filter(i -> relation.columns().get(i).key())
                .boxed()
                .toList();
    }

    /// From how many changes on a window of them is folded.
    ///
    /// @param usual where singly written changes are cheap
    int foldFrom(int usual) {
        return columns.stream().allMatch(this::isLiteral) ? usual : 1;
    }

    /// Whether a value of the column can be written into a statement's text.
    boolean isLiteral(TargetColumn column) {
        return !binary || BinaryValue.hasText(column.baseType());
    }

    /// @param type      the name of its type in SQL, without modifier, qualified where needed
    /// @param baseType  the type's name in `pg_catalog`, of a domain that of its base; `enum` for all of these; empty
    ///                  for the others
    /// @param equality  the operator of an index on it (`OPERATOR(pg_catalog.=)`), empty if no index has it
    record TargetColumn(String name, String type, String baseType, Optional<String> equality) {
        String quoted() {
            return QualifiedName.quote(name);
        }
    }

    /// What an index on the target offers.
    record TargetIndex(boolean unique, List<String> columns, Map<String, String> equalities) {}
}
