package org.pgmigrator.core.copy;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.pgmigrator.core.copy.RestoreOutput.Outcome;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.progress.ProgressEvent.Notice;
import org.pgmigrator.core.progress.ProgressEvent.Warning;
import org.pgmigrator.core.progress.ProgressListener;

/// Decides what the errors of a section mean: harmless, allowed, or the end of the migration. None passes in silence.
final class RestoreVerdict {

    /// Errors that are spelt out; the log has them all.
    private static final int SHOWN = 20;

    private final boolean allowErrors;
    private final String target;
    private final ProgressListener listener;
    private final Set<String> noticed = new LinkedHashSet<>();

    /// @param allowErrors `--allow-restore-errors`
    /// @param target      the target, for a person
    RestoreVerdict(boolean allowErrors, String target, ProgressListener listener) {
        this.allowErrors = allowErrors;
        this.target = target;
        this.listener = listener;
    }

    /// @throws MigrationException `RESTORE_FAILED`, or a kind of the target if the connection was lost or
    ///     its disk is full. A restore that
    ///     did not reach its end is never allowed
    void judge(String section, Outcome outcome) {
        List<RestoreError> errors = outcome.errors();
        errors.stream().filter(RestoreError::isConnectionLoss).findFirst().ifPresent(lost -> {
            throw connectionLost(section, lost);
        });
        errors.stream().filter(RestoreError::isDiskFull).findFirst().ifPresent(full -> {
            throw diskFull(section, full);
        });
        List<RestoreError> serious =
                errors.stream().filter(error -> error.harmless().isEmpty()).toList();
        errors.forEach(this::noticeIfHarmless);
        if (!outcome.reachedEnd()) {
            throw failure(
                    "pg_restore gave up in the " + section + " section on " + target + " (exit code " + outcome.exit()
                            + ").",
                    errors);
        }
        if (!outcome.complete()) {
            report(
                    "pg_restore counted more errors in the " + section + " section on " + target
                            + " than it has told (exit code " + outcome.exit() + ").",
                    errors);
        } else if (!serious.isEmpty()) {
            report(
                    "pg_restore reported " + count(serious) + " in the " + section + " section on " + target + ".",
                    serious);
        }
    }

    private void noticeIfHarmless(RestoreError error) {
        // Not by the words, nor by an object that a setting does not have: what two workers say may have been mixed.
        error.harmless()
                .filter(reason ->
                        noticed.add(error.command().startsWith("SET ") ? reason : error.object() + ": " + reason))
                .ifPresent(reason -> listener.on(new Notice("pg_restore: " + error.message() + " (" + reason + ").")));
    }

    private void report(String what, List<RestoreError> errors) {
        if (!allowErrors) {
            throw failure(what, errors);
        }
        listener.on(new Warning(what + " Allowed by --allow-restore-errors:\n" + shown(errors)));
    }

    private static MigrationException failure(String what, List<RestoreError> errors) {
        Failure failure = Failure.of(FailureKind.RESTORE_FAILED, what, shown(errors));
        if (!errors.isEmpty() && errors.stream().allMatch(RestoreError::isAboutRoles)) {
            failure = failure.withRemedy(
                    "Create the roles on the target (pg_dumpall --roles-only on the source prints them), or leave owners "
                            + "and grants out with --no-owner --no-acl; then run again with --drop-target-first.");
        } else if (errors.stream().anyMatch(error -> error.message().contains("already exists"))) {
            failure = failure.withRemedy(
                    "Remove what is in the way on the target, or let --drop-target-first do it; then run again.",
                    "Or accept the errors with --allow-restore-errors.");
        }
        return new MigrationException(failure);
    }

    private MigrationException connectionLost(String section, RestoreError lost) {
        FailureKind kind = lost.message().contains("authentication failed")
                ? FailureKind.TARGET_AUTHENTICATION
                : FailureKind.TARGET_UNREACHABLE;
        return new MigrationException(Failure.of(
                kind, "pg_restore lost the target " + target + " in the " + section + " section.", lost.toString()));
    }

    private MigrationException diskFull(String section, RestoreError full) {
        return new MigrationException(Failure.of(
                FailureKind.TARGET_DISK_FULL,
                "There was no room on the target " + target + " in the " + section + " section.",
                full.toString()));
    }

    private static String count(List<RestoreError> errors) {
        return errors.size() == 1 ? "an error" : errors.size() + " errors";
    }

    private static String shown(List<RestoreError> errors) {
        String list = errors.stream().limit(SHOWN).map(RestoreError::toString).collect(Collectors.joining("\n"));
        if (errors.isEmpty()) {
            return "It gave no reason.";
        }
        return errors.size() > SHOWN ? list + "\nand " + (errors.size() - SHOWN) + " more, all in the log" : list;
    }
}
