package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.copy.TargetCleaner;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;

/// Makes room on the target: for `--drop-target-first`, and after a copy that did not come to its end.
final class TargetRoom {

    private final Database target;
    private final TargetCleaner cleaner;
    private final String subscription;
    private final ProgressListener listener;

    /// @param subscription the migration's name
    TargetRoom(Database target, FilterConfig filter, String subscription, ProgressListener listener) {
        this.target = target;
        this.cleaner = new TargetCleaner(target, filter);
        this.subscription = subscription;
        this.listener = listener;
    }

    /// Says what would go and asks; with `assumeYes` it only says.
    ///
    /// @throws MigrationException CHECK_REFUSED if the operator does not agree
    void confirm(Confirmation confirmation, boolean assumeYes) {
        List<String> plan = cleaner.plan();
        if (plan.isEmpty()) {
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
    }

    void drop() throws InterruptedException {
        cleaner.execute();
        listener.on(new ProgressEvent.Notice("the target was emptied"));
    }

    /// Removes what was restored of a copy that is given up: the target was empty before, so all of it is ours. Not
    /// interruptible: it is what a stop leads to.
    void removePartialCopy() {
        try {
            cleaner.execute();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new MigrationException(
                    Failure.of(FailureKind.TARGET_FAILED, "The partial copy was not removed.", "interrupted"), stop);
        }
    }

    /// The same, interruptible: a copy begins once more.
    void removeAllOfIt() throws InterruptedException {
        cleaner.execute();
    }

    /// Ends what an earlier run of this migration that was killed has left running here, and waits until it has ended:
    /// its pg_restore would go on filling the target. Another migration into the same database is left alone.
    void endOwnSessions() {
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
