package org.pgmigrator.decoder;

/// What an UPDATE or DELETE tells about the row as it was before.
public sealed interface OldRow {

    /// The one instance that is needed.
    Absent ABSENT = new Absent();

    /// Nothing was sent: an UPDATE that left the replica identity alone. The new row's key names the row.
    record Absent() implements OldRow {}

    /// The server did send a tuple; a DELETE always has one.
    sealed interface Present extends OldRow {
        Tuple tuple();
    }

    /// The replica identity's columns.
    ///
    /// The tuple has every column of the relation, but only those flagged as [PgOutputMessage.Relation.Column#key] mean
    /// something: the others are null on the wire whatever they were in the table. Its presence in an UPDATE does not
    /// prove that the key has changed: a toasted key is always sent.
    record Key(Tuple tuple) implements Present {}

    /// The whole row, under replica identity FULL. A null in it is a null of the table.
    record Full(Tuple tuple) implements Present {}
}
