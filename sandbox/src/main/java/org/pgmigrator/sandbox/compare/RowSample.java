package org.pgmigrator.sandbox.compare;

/// A row, known by its hashes, with the beginning of its text for a person.
record RowSample(long firstHash, long secondHash, String text) {

    /// Long enough to recognise a row; a value may have a gigabyte.
    static final int LENGTH = 200;
}
