package org.pgmigrator.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;

/// CPU seconds of a process, user and system, of all its threads. See proc_pid_stat(5).
final class ProcessCpu {

    /// `sysconf(_SC_CLK_TCK)` is 100 on every Linux that PostgreSQL's binaries here run on.
    private static final double TICKS_PER_SECOND = 100;

    /// Fields 14 and 15, counted from the third: the second one, the name, may hold blanks.
    private static final int UTIME = 11;

    private ProcessCpu() {}

    /// Empty if there is no such process any more.
    static OptionalDouble seconds(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return OptionalDouble.of(
                    (Long.parseLong(fields[UTIME]) + Long.parseLong(fields[UTIME + 1])) / TICKS_PER_SECOND);
        } catch (IOException gone) {
            return OptionalDouble.empty();
        }
    }
}
