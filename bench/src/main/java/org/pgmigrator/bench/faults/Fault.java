package org.pgmigrator.bench.faults;

import java.util.Locale;

/// What is broken. The program is killed by the first one; all the others it has to survive, or to say how to go on.
enum Fault {
    /// `kill -9` of the program, then `--resume`.
    KILL,
    /// `kill -9` of every process of the source, then a start, which recovers.
    SOURCE_CRASH,
    /// A fast shutdown and a start.
    SOURCE_RESTART,
    TARGET_CRASH,
    TARGET_RESTART,
    /// No room on the target's disk for seconds. The server may go down by it, and is started again.
    TARGET_DISK_FULL,
    /// Connections to the source, the target or both are reset.
    CUT,
    /// No byte passes to or from the source, the target or both, and nobody is told. Afterwards the bytes that were
    /// held
    /// back arrive.
    BLACK_HOLE,
    /// One session of the program, of either side, is ended by `pg_terminate_backend`.
    END_SESSION,
    /// SIGSTOP, and SIGCONT some seconds later: a machine that sleeps.
    FREEZE,
    /// Every byte takes its time.
    SLOW,
    /// The application rests while another database of the source is busy.
    IDLE;

    /// As it is printed, and spelt on the command line.
    String title() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
