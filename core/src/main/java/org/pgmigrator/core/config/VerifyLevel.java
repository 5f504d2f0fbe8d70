package org.pgmigrator.core.config;

/// What is compared between the two databases. Each level says only what it looks at: none contains another.
public enum VerifyLevel {
    /// Nothing.
    NONE,
    /// Definitions: relations, columns, constraints, indexes, triggers, views, functions, sequences, types.
    SCHEMA,
    /// Which tables there are, and how many rows each has, counted.
    COUNTS,
    /// Which tables there are, and every value of every row.
    CONTENT
}
