package org.pgmigrator.core.verify;

import java.util.Comparator;

/// The two hashes of one row.
record RowHash(long first, long second) implements Comparable<RowHash> {

    private static final Comparator<RowHash> ORDER =
            Comparator.comparingLong(RowHash::first).thenComparingLong(RowHash::second);

    @Override
    public int compareTo(RowHash other) {
        return ORDER.compare(this, other);
    }
}
