package org.pgmigrator.bench.faults;

import java.time.Duration;

/// One thing to be broken.
///
/// @param delay after that part of the migration has begun, or the last strike was survived
record Strike(Fault fault, When when, Duration delay) {}
