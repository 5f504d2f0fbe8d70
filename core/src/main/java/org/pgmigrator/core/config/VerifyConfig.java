package org.pgmigrator.core.config;

/// How two databases are compared.
///
/// @param jobs       sessions on each side that read at the same time
/// @param listedKeys how many differing rows of a table are named; the rest is counted
public record VerifyConfig(int jobs, int listedKeys) {

    /// Two: what a small server takes without its application noticing.
    public static final int DEFAULT_JOBS = 2;

    /// Enough to see a pattern, few enough to read.
    public static final int DEFAULT_LISTED_KEYS = 20;

    public static final VerifyConfig DEFAULT = new VerifyConfig(DEFAULT_JOBS, DEFAULT_LISTED_KEYS);

    public VerifyConfig {
        if (jobs < 1 || jobs > 256) {
            throw new IllegalArgumentException("--jobs must be 1 to 256, not " + jobs);
        }
        if (listedKeys < 1 || listedKeys > 10_000) {
            throw new IllegalArgumentException("--list-keys must be 1 to 10000, not " + listedKeys);
        }
    }
}
