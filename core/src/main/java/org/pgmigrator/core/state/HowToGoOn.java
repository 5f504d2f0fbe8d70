package org.pgmigrator.core.state;

import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.snapshot.ReplicationSlot;

/// How both databases are when a run has ended early, and what the operator can do then.
public final class HowToGoOn {

    private HowToGoOn() {}

    /// The state of both databases while changes are streamed.
    public static String streaming(String slot) {
        return "the source is serving as before; slot \"" + slot
                + "\" is kept there and holds back WAL until it is used again or dropped; the target holds the copy and "
                + "everything that was committed there with its progress row";
    }

    /// Out of the stream: on with it, or undo everything.
    public static List<String> withTheStream(StateStore state, String slot) {
        List<String> steps = new ArrayList<>();
        steps.add("To go on: run the same command with --resume.");
        steps.add(
                "To give up instead: pg-migrator abort, which runs these; a slot that is left behind fills the source's disk:");
        try {
            state.journal()
                    .forEach(entry -> steps.add("  on the " + entry.side().word() + ": " + entry.sql() + ";"));
        } catch (MigrationException unreachable) {
            steps.add("  on the source: " + ReplicationSlot.dropSql(slot) + ";");
        }
        steps.add("  on the target: DROP SCHEMA pgmigrator CASCADE;");
        return steps;
    }

    /// Nobody has looked yet whether the source is closed.
    public static List<String> whereTheSourceMayBeClosed() {
        return List.of(
                "To go on: run the same command with --resume. It finds out whether the source is closed, and opens the "
                        + "target or goes on with the stream.",
                "To give up instead: pg-migrator abort; if the source is closed, it says so and wants --unlock-source.");
    }

    /// The fence is there, and the target is not open.
    public static List<String> behindTheFence() {
        return List.of(
                "To go on: run the same command with --resume. It opens the target.",
                "To let the source serve again instead: pg-migrator abort --unlock-source.");
    }

    /// The cutover is over, but for what it has left on the source.
    public static List<String> withTheTargetOpen() {
        return List.of(
                "To remove what the cutover has left: run the same command with --resume. A slot that is left behind "
                        + "fills the source's disk.",
                "To go back to the source all the same, without what was written to the target since: pg-migrator abort "
                        + "--unlock-source.");
    }
}
