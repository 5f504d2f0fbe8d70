package org.pgmigrator.decoder;

import java.util.Optional;

/// Which columns of the old row a table puts into the WAL on UPDATE and DELETE.
///
/// Source: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-REPLICA-IDENTITY
public enum ReplicaIdentity {
    /// The primary key; nothing if there is none.
    DEFAULT('d'),

    /// Nothing: a published UPDATE or DELETE is refused by the server.
    NOTHING('n'),

    /// The whole row.
    FULL('f'),

    /// The columns of one unique index.
    INDEX('i');

    private final char code;

    ReplicaIdentity(char code) {
        this.code = code;
    }

    /// The byte on the wire and in `pg_class.relreplident`.
    public char code() {
        return code;
    }

    /// The identity of that code, empty if there is none.
    public static Optional<ReplicaIdentity> ofCode(int code) {
        return switch (code) {
            case 'd' -> Optional.of(DEFAULT);
            case 'n' -> Optional.of(NOTHING);
            case 'f' -> Optional.of(FULL);
            case 'i' -> Optional.of(INDEX);
            default -> Optional.empty();
        };
    }
}
