package org.pgmigrator.core.error;

/// The kinds of failure, each with its exit code, whether trying again can help, and what the operator can always do.
///
/// A constant without a remedy does not compile: that is the point of this enum. The remedy here is the general one;
/// a [Failure] may carry a more exact one.
public enum FailureKind {
    // the command line
    USAGE(ExitCode.USAGE, Retry.OPERATOR, "Correct the option; pg-migrator --help lists them."),
    CONNECTION_STRING(
            ExitCode.USAGE,
            Retry.OPERATOR,
            "Write the connection as a libpq URI (postgresql://user@host:5432/dbname) or as keyword=value pairs."),
    CONFIGURATION_DIFFERS(
            ExitCode.USAGE,
            Retry.OPERATOR,
            "Resume with the options that the migration was started with, or start a new one."),

    // before anything is changed
    CHECK_REFUSED(
            ExitCode.CHECK_REFUSED, Retry.OPERATOR, "Apply the remedies listed above, then run the command again."),

    // the source
    SOURCE_UNREACHABLE(
            ExitCode.SOURCE,
            Retry.TRANSIENT,
            "Check host, port, pg_hba.conf and the network, then run the command again."),
    SOURCE_AUTHENTICATION(
            ExitCode.SOURCE,
            Retry.OPERATOR,
            "Check user and password (PGPASSWORD, ~/.pgpass or a service file) and pg_hba.conf of the source."),
    SOURCE_FAILED(ExitCode.SOURCE, Retry.OPERATOR, "Read the source's message above and its server log."),
    SLOT_CREATION_BLOCKED(
            ExitCode.SOURCE,
            Retry.OPERATOR,
            "Wait for the listed transactions to end, or end them with pg_terminate_backend(pid); then run again."),
    SNAPSHOT_GONE(ExitCode.SOURCE, Retry.OPERATOR, "Run the migration again: the copy starts from a new slot."),
    CATALOG_CHANGED(
            ExitCode.SOURCE,
            Retry.OPERATOR,
            "Schema changes are not replicated: freeze them for the time of the migration, then start it again."),
    DUMP_FAILED(ExitCode.SOURCE, Retry.OPERATOR, "Read pg_dump's message above, remove its cause and run again."),
    WIRE_FORMAT_REFUSED(
            ExitCode.SOURCE,
            Retry.OPERATOR,
            "Use --wire-format auto, which takes text where binary is not safe; the stream has not begun."),
    LEFT_BEHIND(ExitCode.SOURCE, Retry.OPERATOR, "Run the listed statements by hand."),

    // replication
    SLOT_MISSING(
            ExitCode.REPLICATION,
            Retry.OPERATOR,
            "Without its slot the stream cannot go on: start the migration again, with a new copy."),
    SLOT_IN_USE(ExitCode.REPLICATION, Retry.TRANSIENT, "Stop the other consumer of the slot, or wait for it to end."),
    SLOT_INVALIDATED(
            ExitCode.REPLICATION,
            Retry.OPERATOR,
            "Raise max_slot_wal_keep_size on the source and start the migration again, with a new copy."),
    SLOT_RETAINS_TOO_MUCH(
            ExitCode.REPLICATION,
            Retry.OPERATOR,
            "Make room on the source and raise --max-slot-retained, or let --spool-dir take the changes."),
    SLOT_MISMATCH(
            ExitCode.REPLICATION,
            Retry.OPERATOR,
            "The recorded progress belongs to another slot or server: start the migration again, with a new copy."),
    POSITION_LOST(
            ExitCode.REPLICATION,
            Retry.OPERATOR,
            "The source has been told that these positions are safe, but the target does not have them: copy again."),
    STREAM_BROKEN(
            ExitCode.REPLICATION,
            Retry.TRANSIENT,
            "Run the same command with --resume: it goes on where the target is."),
    SPOOL_FAILED(
            ExitCode.REPLICATION,
            Retry.OPERATOR,
            "Remove the cause on the disk of --spool-dir, then run the same command with --resume."),
    SPOOL_FULL(
            ExitCode.REPLICATION,
            Retry.OPERATOR,
            "Make room on the disk of --spool-dir, then run the same command with --resume. If the target has all that was"
                    + " confirmed, it goes on with --spool off as well."),
    SPOOL_DAMAGED(
            ExitCode.REPLICATION,
            Retry.OPERATOR,
            "What the spool held was confirmed to the source and cannot be sent again: pg-migrator abort, then start the"
                    + " migration again, with a new copy. Check the disk of --spool-dir first."),
    SPOOL_FOREIGN(
            ExitCode.REPLICATION,
            Retry.OPERATOR,
            "Name the migration's own directory with --spool-dir, or an empty one for a new migration."),
    SPOOL_IN_USE(
            ExitCode.REPLICATION, Retry.OPERATOR, "Stop the other pg-migrator, or give this one another --spool-dir."),
    DECODE_FAILED(
            ExitCode.REPLICATION, Retry.BUG, "Report this message; the source is untouched and the slot is kept."),

    // the target
    TARGET_UNREACHABLE(
            ExitCode.TARGET,
            Retry.TRANSIENT,
            "Check host, port, pg_hba.conf and the network, then run the command again."),
    TARGET_AUTHENTICATION(
            ExitCode.TARGET,
            Retry.OPERATOR,
            "Check user and password (PGPASSWORD, ~/.pgpass or a service file) and pg_hba.conf of the target."),
    TARGET_FAILED(ExitCode.TARGET, Retry.OPERATOR, "Read the target's message above and its server log."),
    TARGET_DISK_FULL(
            ExitCode.TARGET,
            Retry.OPERATOR,
            "Make room on the target's disk (the data directory, pg_wal or a tablespace: the server's words name the file),"
                    + " then run the same command, with --resume where the message says so."),
    RESTORE_FAILED(
            ExitCode.TARGET,
            Retry.OPERATOR,
            "Remove the cause of the listed errors and run again, or accept them with --allow-restore-errors."),
    TARGET_IN_USE(
            ExitCode.TARGET,
            Retry.OPERATOR,
            "Another pg-migrator applies to this target: stop that one, or wait for it."),
    OVERTAKEN(ExitCode.TARGET, Retry.OPERATOR, "Look at pg-migrator status: this process touches nothing any more."),
    TARGET_SCHEMA_DIFFERS(
            ExitCode.TARGET,
            Retry.OPERATOR,
            "Make the target's table fit the source's, then run the same command with --resume."),
    ROW_NOT_FOUND_ON_TARGET(
            ExitCode.TARGET,
            Retry.OPERATOR,
            "Something else has written to the target. Find the writer, and start the migration again with a new copy."),
    TARGET_CONSTRAINT_VIOLATION(
            ExitCode.TARGET,
            Retry.OPERATOR,
            "Remove what is in the way on the target, then run the same command with --resume."),
    NOTHING_TO_RESUME(
            ExitCode.TARGET, Retry.OPERATOR, "Start without --resume, or name the migration with --subscription-name."),
    ALREADY_MIGRATING(
            ExitCode.TARGET,
            Retry.OPERATOR,
            "Go on with --resume, or give the earlier migration up: pg-migrator abort."),
    NO_MIGRATION(
            ExitCode.TARGET,
            Retry.OPERATOR,
            "Check --target and --subscription-name; pg-migrator status shows what a target remembers."),

    // the end
    VERIFICATION_MISMATCH(
            ExitCode.VERIFICATION_DIFFERENCE,
            Retry.OPERATOR,
            "Do not open the target. The source is still the truth: find the cause before trying again."),
    CUTOVER_NOT_COMPLETED(
            ExitCode.CUTOVER_NOT_COMPLETED,
            Retry.OPERATOR,
            "The source is serving. Remove the cause; with --resume the migration goes on and the cutover can be tried again."),
    SOURCE_LOCK_NOT_GRANTED(
            ExitCode.CUTOVER_NOT_COMPLETED,
            Retry.OPERATOR,
            "The source is serving. End the listed transactions, or let --terminate-blockers-after do it, and try again."),
    SOURCE_LOCK_LOST(
            ExitCode.CUTOVER_NOT_COMPLETED,
            Retry.TRANSIENT,
            "The source is serving and the target is closed. Remove the cause and cut over again."),
    SOURCE_FENCE(
            ExitCode.CUTOVER_NOT_COMPLETED,
            Retry.OPERATOR,
            "Read the source's message above, remove its cause and cut over again."),
    STOPPED_BY_INTERRUPT(
            ExitCode.STOPPED_BY_INTERRUPT,
            Retry.OPERATOR,
            "Run the same command, with --resume where the message says so."),
    STOPPED_BY_TERMINATE(ExitCode.STOPPED_BY_TERMINATE, Retry.OPERATOR, "Run the same command with --resume to go on."),
    BUG(ExitCode.BUG, Retry.BUG, "Report this message with the log file.");

    /// Whether a copy or a stream may wait for its end and then go on: a server is away, or the target has no room.
    /// Nobody
    /// has taken anything amiss, and nothing has to be started again when the operator has mended it.
    public boolean isOutage() {
        return this == SOURCE_UNREACHABLE || this == TARGET_UNREACHABLE || this == TARGET_DISK_FULL;
    }

    /// Who can make a second try succeed.
    public enum Retry {
        /// Time alone may help.
        TRANSIENT,
        /// A person has to do something first.
        OPERATOR,
        /// Only a corrected program helps.
        BUG
    }

    private final ExitCode exitCode;
    private final Retry retry;
    private final String remedy;

    FailureKind(ExitCode exitCode, Retry retry, String remedy) {
        this.exitCode = exitCode;
        this.retry = retry;
        this.remedy = remedy;
    }

    public ExitCode exitCode() {
        return exitCode;
    }

    public Retry retry() {
        return retry;
    }

    public String remedy() {
        return remedy;
    }
}
