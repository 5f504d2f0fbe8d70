package org.pgmigrator.core.status;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.state.HowToGoOn;
import org.pgmigrator.core.state.MigrationRecord;
import org.pgmigrator.core.status.StatusReport.Account;
import org.pgmigrator.core.status.StatusReport.Migration;
import org.pgmigrator.core.status.StatusReport.SourceSide;
import org.pgmigrator.core.status.StatusReport.Verdict;

/// What follows from what was observed: whether it is safe to cut over, and what can be done now.
final class StatusJudgement {

    /// The process writes every five seconds, whatever happens: silence for so long means that it hangs.
    static final Duration SILENCE = Duration.ofSeconds(30);

    private StatusJudgement() {}

    static StatusReport none(String subscription, List<String> names) {
        return new StatusReport(
                subscription,
                names,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                "",
                Optional.empty(),
                new Verdict(false, "the target has no migration of this name"),
                List.of());
    }

    static Migration migration(
            MigrationRecord migration, Optional<StatusReport.Worker> worker, Optional<Account> account) {
        Phase phase = worker.isPresent()
                        && account.isPresent()
                        && account.get().ending().isEmpty()
                ? account.get().phase()
                : migration.phase();
        return new Migration(
                phase,
                migration.startedAt(),
                migration.origin().slot(),
                migration.aborting(),
                migration.isOpened(),
                migration.journal().stream()
                        .map(entry -> entry.side().word() + ": " + entry.what())
                        .toList());
    }

    static StatusReport complete(StatusReport facts, Optional<StatusReport.Rates> rates) {
        return new StatusReport(
                facts.subscription(),
                facts.others(),
                facts.migration(),
                facts.worker(),
                facts.account(),
                facts.lanes(),
                facts.spool(),
                facts.copy(),
                facts.source(),
                facts.sourceUnknown(),
                rates,
                verdict(facts),
                next(facts));
    }

    private static Verdict verdict(StatusReport facts) {
        Migration migration = facts.migration().orElseThrow();
        if (migration.opened()) {
            return new Verdict(false, "the cutover is complete already, and the target is open");
        }
        if (migration.aborting()) {
            return new Verdict(false, "the migration is being aborted");
        }
        List<String> against = new ArrayList<>();
        addProcess(against, facts);
        if (facts.source().isEmpty()) {
            against.add("the source could not be looked at");
        } else {
            addSource(against, facts.source().get());
        }
        return against.isEmpty()
                ? new Verdict(
                        true,
                        "the target has caught up, the slot is usable, the schema is as it was copied; the cutover locks "
                                + "the source's tables itself, but with --source-lock read-only or none stop all writes "
                                + "first")
                : new Verdict(false, String.join("; ", against));
    }

    private static void addProcess(List<String> against, StatusReport facts) {
        if (facts.worker().isEmpty()) {
            against.add("no process is at work");
            return;
        }
        if (facts.account().isEmpty() || !facts.account().get().ending().isEmpty()) {
            against.add("the process at work has not said yet how it stands");
            return;
        }
        Account account = facts.account().get();
        if (account.age().compareTo(SILENCE) > 0) {
            against.add("the process at work has not been heard of for "
                    + account.age().toSeconds() + " s");
        }
        switch (account.phase()) {
            case VALIDATE, PREPARE_SNAPSHOT, DUMP, RESTORE -> against.add("the copy is not complete");
            case STREAM_APPLY -> against.add("the target has not caught up");
            case CUTOVER -> against.add("a cutover is under way");
            case CAUGHT_UP -> {
                if (account.lagAge().isPresent() && account.lagAge().get().compareTo(SILENCE) > 0) {
                    against.add(
                            "the last heartbeat is " + account.lagAge().get().toSeconds() + " s old");
                }
            }
        }
    }

    private static void addSource(List<String> against, SourceSide source) {
        switch (source.walStatus()) {
            case "missing" -> against.add("the slot does not exist on the source");
            case "lost" -> against.add("the slot can no longer be read");
            case "unreserved" -> against.add("the slot is about to be lost");
            default -> {}
        }
        source.closedSince().ifPresent(since -> against.add("the source has been closed by a cutover since " + since));
        if (!source.schemaChanges().isEmpty()) {
            against.add("the source's schema is not what was copied: " + String.join(", ", source.schemaChanges()));
        }
        if (!source.prepared().isEmpty()) {
            against.add("prepared transactions are open on the source: " + String.join(", ", source.prepared()));
        }
    }

    private static List<String> next(StatusReport facts) {
        Migration migration = facts.migration().orElseThrow();
        boolean streaming = migration.phase().compareTo(Phase.STREAM_APPLY) >= 0;
        if (facts.worker().isPresent()) {
            return facts.account()
                    .map(account -> whileAtWork(account, streaming, facts))
                    .orElse(List.of());
        }
        if (migration.opened()) {
            return List.of("pg-migrator migrate --resume: removes what the cutover has left");
        }
        if (migration.phase() == Phase.CUTOVER && facts.source().isEmpty()) {
            return HowToGoOn.whereTheSourceMayBeClosed();
        }
        if (facts.source().flatMap(SourceSide::closedSince).isPresent()) {
            return List.of(
                    "pg-migrator migrate --resume: finishes the cutover that was cut off",
                    "pg-migrator abort --unlock-source: lets the source serve again, without what was written to the target"
                            + " since");
        }
        List<String> next = new ArrayList<>();
        if (!migration.aborting()) {
            next.add(
                    streaming
                            ? "pg-migrator migrate --resume: goes on with the stream where the target is"
                                    + facts.spool()
                                            .map(spool ->
                                                    ", with the spool in " + spool.directory() + " on " + spool.host())
                                            .orElse("")
                            : "pg-migrator migrate --resume: " + withTheCopy(facts));
        }
        next.add("pg-migrator abort: removes everything that the migration has created on both sides");
        return next;
    }

    /// What a resume would do with a copy that is not complete.
    private static String withTheCopy(StatusReport facts) {
        return facts.copy()
                .filter(copy -> !copy.needsSnapshot() || copy.holder().isPresent())
                .filter(copy -> facts.source()
                        .map(side -> !List.of("missing", "lost").contains(side.walStatus()))
                        .orElse(true))
                .map(copy -> "goes on with the copy where it was cut off: " + copy.complete()
                        + (copy.partsTotal() == 0 || !copy.needsSnapshot()
                                ? ""
                                : ", " + copy.partsDone() + " of " + copy.partsTotal() + " parts of the rows are kept"))
                .orElse("starts the copy again, with a new slot");
    }

    private static List<String> whileAtWork(Account account, boolean streaming, StatusReport facts) {
        List<String> next = new ArrayList<>();
        if (streaming && account.phase() != Phase.CUTOVER) {
            next.add("pg-migrator cutover: the same as Ctrl+C there");
        }
        next.add("kill -TERM " + account.processId() + " on " + account.host()
                + (streaming
                        ? ": stops in order; slot and progress are kept for --resume"
                        : ": stops in order; --resume " + withTheCopy(facts)));
        next.add("pg-migrator abort: refused while this process is at work");
        return next;
    }
}
