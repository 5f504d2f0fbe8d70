package org.pgmigrator.bench;

/// One run.
///
/// @param elapsed      seconds from the start of streaming until the target showed the last transaction
/// @param walsenderCpu CPU seconds on the source
/// @param migratorCpu  CPU seconds of the process between; 0 for a subscription, which has none
/// @param targetCpu    CPU seconds of the target's backends that applied
/// @param allocated    bytes that the process between has allocated on its heap
record Measurement(double elapsed, double walsenderCpu, double migratorCpu, double targetCpu, double allocated) {}
