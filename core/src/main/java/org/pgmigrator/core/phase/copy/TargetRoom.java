package org.pgmigrator.core.phase.copy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.control.Confirmation;
import org.pgmigrator.core.copy.ExtensionTable;
import org.pgmigrator.core.copy.TargetCleaner;
import org.pgmigrator.core.copy.TargetContents;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.state.ExtensionTables;
import org.pgmigrator.core.state.RoomRecord;

/// Makes room on the target: for `--drop-target-first`, and after a copy that did not come to its end.
public final class TargetRoom {

    /// How many of what is in the way are named.
    private static final int NAMES = 5;

    private final Database target;
    private final FilterConfig filter;
    private final String subscription;
    private final ProgressListener listener;
    private boolean filling;
    private Set<String> kept = Set.of();
    private List<ExtensionTable> claimed = List.of();
    private boolean emptied;

    /// @param subscription the migration's name
    public TargetRoom(Database target, FilterConfig filter, String subscription, ProgressListener listener) {
        this.target = target;
        this.filter = filter;
        this.subscription = subscription;
        this.listener = listener;
    }

    private TargetCleaner cleaner() {
        return new TargetCleaner(target, filter, kept);
    }

    /// What would go.
    public TargetContents contents() {
        return cleaner().contents();
    }

    /// Looks at the target directly before a copy begins that is the first to write there. The checks have done so when
    /// nobody kept another pg-migrator away.
    ///
    /// @throws MigrationException CHECK_REFUSED if there is something in the way by now
    public void look() {
        TargetContents contents = contents();
        if (!contents.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.CHECK_REFUSED,
                            "The target is not empty.",
                            "this migration has not written to it yet, and it has "
                                    + String.join(", ", contents.names(NAMES)))
                    .withRemedy(
                            "Find out who writes to the target, then run again.",
                            "Or let pg-migrator empty it first: --drop-target-first."));
        }
        kept = TargetCleaner.ofDatabase(target);
    }

    /// What is there stays, and is nobody's of ours from now on.
    public void letGo() {
        try (Connection connection = target.connect(Session.named("clean-up"))) {
            if (RoomRecord.exists(connection)) {
                new RoomRecord(false, kept).write(connection, subscription);
            }
            filling = false;
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "That the copy stays could not be noted.", refusal);
        }
    }

    /// Whether what is there is the migration's, and goes when the copy is removed.
    public boolean isFilling() {
        return filling;
    }

    /// What a run that ends before the copy has written says of the target.
    public String untouched() {
        return emptied ? "the target was emptied, and nothing was copied to it" : "nothing was copied to the target";
    }

    /// For the state.
    public RoomRecord record() {
        return new RoomRecord(filling, kept);
    }

    /// What an earlier run has noted.
    public void remember(Connection connection) {
        try {
            RoomRecord record = RoomRecord.read(connection, subscription);
            filling = record.filling();
            kept = record.kept();
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "What the target had before the copy could not be read.", refusal);
        }
    }

    /// What the database itself had before.
    Set<String> kept() {
        return kept;
    }

    /// Says what would go and asks; with `assumeYes` it only says.
    ///
    /// @throws MigrationException CHECK_REFUSED if the operator does not agree, or if there is more by then
    public void confirm(Confirmation confirmation, boolean assumeYes) {
        if (emptied) {
            // Asked once, and done: whatever is there now was not agreed to.
            refuseIfMoreThan(Set.of());
            return;
        }
        TargetContents asked = cleaner().contents();
        List<String> plan = asked.plan();
        if (asked.drops().isEmpty()) {
            return;
        }
        if (assumeYes) {
            listener.on(new ProgressEvent.Notice(
                    "--drop-target-first drops from " + target.describe() + ": " + String.join("; ", plan)));
        } else if (!confirmation.confirm("Drop this from " + target.describe() + "?", plan)) {
            throw new MigrationException(Failure.of(
                            FailureKind.CHECK_REFUSED,
                            "The target is not empty, and dropping what it holds was not agreed to.",
                            String.join("; ", plan))
                    .withState("both databases are as they were: nothing was changed")
                    .withRemedy("Answer yes, or give --yes, or use another target."));
        }
        refuseIfMoreThan(asked.drops());
    }

    /// An answer takes as long as it takes.
    private void refuseIfMoreThan(Set<String> agreed) {
        List<String> others = cleaner().contents().drops().stream()
                .filter(dropped -> !agreed.contains(dropped))
                .toList();
        if (!others.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.CHECK_REFUSED,
                            "The target has got more than what was to be dropped when it was asked for.",
                            "new is: " + String.join(", ", others))
                    .withState("both databases are as they were: nothing was changed")
                    .withRemedy("Find out who writes to the target, then run again."));
        }
    }

    /// From here on the copy writes. What extensions have made is not dropped where they stay, so nothing may be in the
    /// way there: these tables get rows, which go with the copy.
    ///
    /// @throws MigrationException CHECK_REFUSED if there is anything that would go with the copy when that is removed;
    ///     RESTORE_FAILED if there are rows
    void claim(List<ExtensionTable> tables) {
        Set<String> others = filling ? Set.of() : contents().drops();
        if (!others.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.CHECK_REFUSED,
                            "The target is not empty any more: somebody has written to it since the migration began.",
                            "it has " + others.stream().limit(NAMES).collect(Collectors.joining(", ")))
                    .withRemedy("Find out who writes to the target, then run again."));
        }
        try (Connection connection = target.connect(Session.named("extensions"))) {
            List<ExtensionTable> filled = new ArrayList<>();
            for (ExtensionTable table : tables) {
                if (table.hasRows(connection)) {
                    filled.add(table);
                }
            }
            if (!filled.isEmpty()) {
                throw hasRows(filled);
            }
            filling = true;
            claimed = tables;
            // Before the first row: whatever becomes of this process, what is there is known to be the copy's.
            if (RoomRecord.exists(connection)) {
                connection.setAutoCommit(false);
                record().write(connection, subscription);
                ExtensionTables.write(connection, subscription, tables);
                connection.commit();
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The tables of extensions could not be looked at.", refusal);
        }
    }

    private static MigrationException hasRows(List<ExtensionTable> filled) {
        List<String> remedy = new ArrayList<>();
        remedy.add("If nobody needs them, remove them on the target, then run again:");
        filled.reversed().forEach(table -> remedy.add(table.deleteSql() + ";"));
        return new MigrationException(Failure.of(
                        FailureKind.RESTORE_FAILED,
                        "An extension that the target has already holds rows in its configuration: "
                                + filled.stream()
                                        .map(table -> table.name().toString())
                                        .collect(Collectors.joining(", "))
                                + ".",
                        "the source's rows of these tables are copied too, and would be mixed with them")
                .withRemedy(remedy.toArray(String[]::new)));
    }

    private void removeClaimed() {
        try (Connection connection = target.connect(Session.named("clean-up"))) {
            connection.setAutoCommit(false);
            List<ExtensionTable> tables = new ArrayList<>(ExtensionTables.read(connection, subscription));
            claimed.stream().filter(table -> !tables.contains(table)).forEach(tables::add);
            for (ExtensionTable table : tables.reversed()) {
                table.empty(connection);
            }
            ExtensionTables.remove(connection, subscription);
            if (RoomRecord.exists(connection)) {
                new RoomRecord(false, kept).write(connection, subscription);
            }
            connection.commit();
            claimed = List.of();
            filling = false;
        } catch (SQLException refusal) {
            throw SqlState.toException(
                    Side.TARGET, "What the copy wrote to the tables of extensions was not removed.", refusal);
        }
    }

    /// Does what was confirmed.
    public void drop() throws InterruptedException {
        removeNow();
        emptied = true;
        listener.on(new ProgressEvent.Notice("the target was emptied"));
    }

    /// Removes what was restored of a copy that is given up: the target was empty before, so all of it is ours. Not
    /// interruptible: it is what a stop leads to.
    public void removePartialCopy() {
        try {
            removeAllOfIt();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new MigrationException(
                    Failure.of(FailureKind.TARGET_FAILED, "The partial copy was not removed.", "interrupted"), stop);
        }
    }

    /// The same, interruptible: a copy begins once more.
    public void removeAllOfIt() throws InterruptedException {
        if (!filling) {
            return;
        }
        removeNow();
    }

    private void removeNow() throws InterruptedException {
        cleaner().execute();
        FaultPoint.COPY_DROPPED.reached();
        removeClaimed();
    }

    /// Ends what an earlier run of this migration that was killed has left running here, and waits until it has ended:
    /// its pg_restore would go on filling the target. Another migration into the same database is left alone.
    public void endOwnSessions() {
        try (Connection connection = target.connect(Session.named("clean-up"));
                PreparedStatement statement = connection.prepareStatement("""
                        select pg_terminate_backend(pid, 10000) from pg_stat_activity, (select ?) w(suffix)
                        where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
                          and (application_name like 'pg_restore%' or application_name like 'pg-migrator %')
                          and application_name not like 'pg-migrator state%'
                          and application_name not like 'pg-migrator requests%'
                          and application_name not like 'pg-migrator snapshot-holder%'
                          and application_name not like 'pg-migrator spool%'
                          and right(application_name, length(suffix)) = suffix""")) {
            statement.setString(1, Session.suffix(subscription));
            statement.execute();
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "Sessions of the earlier run could not be ended.", refusal);
        }
    }
}
