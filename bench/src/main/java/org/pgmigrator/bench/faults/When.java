package org.pgmigrator.bench.faults;

/// In which part of a migration something is broken.
enum When {
    COPY,
    STREAM,
    CUTOVER
}
