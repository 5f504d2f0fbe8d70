package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.cutover.Fence;
import org.pgmigrator.core.cutover.FenceState;
import org.pgmigrator.core.cutover.SourceDoor;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;

/// `abort` when the target remembers no migration any more: a complete cutover has left the source closed, and nothing
/// else.
final class SourceUnlock {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Database source;
    private final boolean unlock;
    private final Confirmation confirmation;
    private final ProgressListener listener;

    /// @param unlock whether the operator wants the source to serve again; otherwise it is only looked at
    SourceUnlock(Database source, boolean unlock, Confirmation confirmation, ProgressListener listener) {
        this.source = source;
        this.unlock = unlock;
        this.confirmation = confirmation;
        this.listener = listener;
    }

    /// @param nothingFound what was said of the target
    void run(List<String> nothingFound) throws InterruptedException {
        List<String> summary = new ArrayList<>(nothingFound);
        try (Connection connection = source.connect(Session.named("abort"))) {
            FenceState fence = Fence.state(connection);
            Optional<SourceDoor.Closing> door = SourceDoor.found(connection);
            List<String> closed = closed(fence, door);
            if (closed.isEmpty()) {
                summary.add("the source is not closed");
            } else if (!unlock) {
                summary.add("the source is closed by a cutover: " + String.join("; ", closed)
                        + ". To let it serve again, without what was written to the target since: pg-migrator abort"
                        + " --unlock-source");
            } else {
                summary = unlock(connection, door, closed);
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The source's fence could not be looked at.", refusal);
        } catch (MigrationException refused) {
            if (unlock || refused.failure().kind() != Side.SOURCE.unreachable()) {
                throw refused;
            }
            summary.add("the source cannot be reached: " + refused.failure().why());
        }
        listener.on(new ProgressEvent.Complete(summary));
    }

    private static List<String> closed(FenceState fence, Optional<SourceDoor.Closing> door) {
        List<String> closed = new ArrayList<>();
        switch (fence.presence()) {
            case EXISTS -> closed.add(fence.present() + " tables refuse writes since " + fence.since());
            case PARTIAL -> closed.add(fence.present() + " tables refuse writes");
            case ABSENT -> {
                if (fence.present() > 0) {
                    closed.add(fence.present() + " triggers are left, which refuse nothing any more");
                }
            }
        }
        door.ifPresent(found -> closed.add("its database is read-only by default"));
        return closed;
    }

    private List<String> unlock(Connection connection, Optional<SourceDoor.Closing> door, List<String> closed)
            throws InterruptedException {
        List<String> plan = new ArrayList<>();
        closed.forEach(line -> plan.add("take back on the source: " + line));
        plan.add("what was written to the target since the cutover is NOT on the source");
        if (!confirmation.confirm("Let the source " + source.describe() + " serve again?", plan)) {
            throw new MigrationException(
                    Failure.of(FailureKind.CHECK_REFUSED, "The source was not unlocked: it was not agreed to.", "")
                            .withState("nothing was changed")
                            .withRemedy("Answer yes, or give --yes."));
        }
        door.ifPresent(found -> SourceDoor.open(connection, found));
        if (!Fence.drop(connection, PATIENCE).removed()) {
            throw new MigrationException(Failure.of(
                            FailureKind.LEFT_BEHIND,
                            "The source takes writes again, but the fence's triggers could not be dropped.",
                            "somebody reads the tables all the time")
                    .withState("the source is serving; the triggers refuse nothing any more")
                    .withRemedy("Run on the source: " + Fence.dropSql() + ";"));
        }
        return List.of(
                "the source is serving again: " + String.join("; ", closed)
                        + " was taken back; sessions that began meanwhile" + " may have to connect again",
                "the target keeps what it has, also what was written to it since the cutover, which the source does not"
                        + " have: let only one of them be written to");
    }
}
