package org.pgmigrator.core.state;

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

/// What keeps the source closed after a cutover: as the journal names it, and as it is found on the source.
public final class SourceClosing {

    /// The journal's word for the fence, written before anything of it exists.
    public static final String FENCE = "the fence on the source's tables";

    /// The journal's word for the source's database as read-only by default.
    public static final String DEFAULT = "the source's default_transaction_read_only";

    private static final Duration SESSIONS_END = Duration.ofSeconds(5);

    private static final Duration RETRY_PAUSE = Duration.ofMillis(500);

    private SourceClosing() {}

    /// Whether a complete cutover leaves this: it is what keeps late writers away.
    public static boolean stays(StateStore.Undo entry) {
        return entry.what().equals(FENCE) || entry.what().equals(DEFAULT);
    }

    /// Whether the entry is that new sessions of the source are read-only.
    public static boolean isDefault(StateStore.Undo entry) {
        return entry.what().equals(DEFAULT);
    }

    /// Whether the entry is the fence.
    public static boolean isFence(StateStore.Undo entry) {
        return entry.what().equals(FENCE);
    }

    /// Takes back that new sessions of the source are read-only, and ends those that began so: they would stay it. All
    /// others were ended when it was closed.
    ///
    /// @return what is left, with the statements that remove it
    public static List<String> reopenDoor(StateStore state, Database source) throws InterruptedException {
        if (state.journal().stream().noneMatch(SourceClosing::isDefault)) {
            return List.of();
        }
        List<String> left = new ArrayList<>(Undoing.run(state, source, SourceClosing::isDefault)
                .requireReached()
                .left());
        if (left.isEmpty()) {
            try (Connection connection = source.connect(Session.named("door"))) {
                SourceDoor.endSessions(connection, SESSIONS_END)
                        .refused()
                        .forEach(session -> left.add("a session that began read-only and stays it: " + session));
            } catch (SQLException lost) {
                throw SqlState.toException(Side.SOURCE, "The sessions that began read-only were not ended.", lost);
            }
        }
        return left;
    }

    /// Finds out whether the source is closed by the fence of this token, after every session that could still close it
    /// has ended.
    ///
    /// @param slot     by which those sessions are named
    /// @param token    as the target has recorded it; empty if it does not know of one
    /// @param patience for a source that does not answer
    /// @throws MigrationException of the source's kinds if it does not answer; SOURCE_FENCE if what is there is neither
    ///     this fence nor none
    public static boolean isClosed(Database source, String slot, Optional<String> token, Duration patience)
            throws InterruptedException {
        FenceState state = look(source, slot, patience);
        return switch (state.presence()) {
            case ABSENT -> false;
            case EXISTS -> {
                if (!token.equals(Optional.of(state.token()))) {
                    throw strange("it is of another cutover, since " + state.since(), slot);
                }
                yield true;
            }
            case PARTIAL ->
                throw strange(
                        state.present() + " of " + state.expected() + " tables have its trigger: somebody has removed"
                                + " the others, and the source may have been written to since",
                        slot);
        };
    }

    /// Looks once more, for whoever opens the target: somebody may have let the source serve meanwhile.
    ///
    /// @throws MigrationException SOURCE_FENCE if the fence of this token is not there as it was made
    public static void requireClosed(Connection connection, String token) throws SQLException {
        FenceState now = Fence.state(connection);
        if (now.presence() == FenceState.Presence.EXISTS && now.token().equals(token)) {
            return;
        }
        throw new MigrationException(Failure.of(
                        FailureKind.SOURCE_FENCE,
                        "The source is not closed any more: the target was not opened.",
                        switch (now.presence()) {
                            case ABSENT ->
                                "somebody has removed the fence since it was made, as pg-migrator abort"
                                        + " --unlock-source does";
                            case EXISTS -> "its fence is of another cutover, since " + now.since();
                            case PARTIAL ->
                                now.present() + " of " + now.expected() + " tables have the fence's trigger";
                        })
                .withState("the target is not open; the source takes writes, which the target does not have yet")
                .withRemedy("Find out who lets the source serve. To go on with the stream: run the same command with"
                        + " --resume; the cutover is to be asked for again."));
    }

    private static MigrationException strange(String why, String slot) {
        return new MigrationException(
                Failure.of(FailureKind.SOURCE_FENCE, "The fence on the source is not the one of this cutover.", why)
                        .withState("nothing was changed; slot \"" + slot + "\" is kept")
                        .withRemedy("Find out which database serves. To let the source serve: pg-migrator abort"
                                + " --unlock-source."));
    }

    private static FenceState look(Database source, String slot, Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            try (Connection connection = source.connect(Session.named("fence"))) {
                return Fence.lookUp(connection, slot, patience);
            } catch (SQLException lost) {
                if (System.nanoTime() > deadline) {
                    throw SqlState.toException(Side.SOURCE, "The source's fence could not be looked up.", lost);
                }
            } catch (MigrationException refused) {
                if (refused.failure().kind() == FailureKind.SOURCE_FENCE || System.nanoTime() > deadline) {
                    throw refused;
                }
            }
            Thread.sleep(RETRY_PAUSE);
        }
    }
}
