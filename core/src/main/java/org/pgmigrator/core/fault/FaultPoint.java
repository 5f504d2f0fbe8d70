package org.pgmigrator.core.fault;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// Where the program may be cut off: between any two of its steps. For tests, which set `PG_MIGRATOR_TEST_FAULT` in the
/// environment of the process; without it a point is a comparison.
///
/// `LOCKED:kill` and `LOCKED:stop` send the process SIGKILL or SIGSTOP there, once; `LOCKED:pause=/some/file` makes the
/// file and waits until somebody has removed it.
public enum FaultPoint {
    /// The journal knows of the migration, and nothing was created yet.
    BEGUN,
    /// Publications, slot and snapshot are there, and only the journal knows.
    SLOT_CREATED,
    /// A copy that cannot be gone on with is forgotten, and what it created is still there.
    COPY_FORGOTTEN,
    /// What such a copy created is undone, and the target still holds a part of it.
    COPY_UNDONE,
    /// What was copied is dropped from the target, and what it wrote to the tables of extensions is still there.
    COPY_DROPPED,
    /// The target knows which snapshot it is copied at.
    COPY_BEGUN,
    /// The definitions are restored, and the step is not noted.
    DEFINITIONS_COPIED,
    /// A part's rows and its mark are committed.
    PART_COPIED,
    /// Every row is copied, and the step is not noted.
    ROWS_COPIED,
    /// Large objects and sequences are copied, and the step is not noted.
    LARGE_OBJECTS_COPIED,
    /// Indexes and constraints are made, and the step is not noted.
    INDEXES_COPIED,
    /// The copy is complete, and it is not noted that changes are streamed from now on.
    COPY_COMPLETE,
    /// Changes are received to the spool, and nothing of them is durable.
    RECEIVED,
    /// The spool has made changes durable, and the target does not know.
    DURABLE,
    /// The target knows of what is durable in the spool, and it is not confirmed to the source.
    DURABLE_NOTED,
    /// Rows are written to the target, and not committed.
    APPLIED,
    /// Rows and progress are committed, and not confirmed to the source.
    COMMITTED,
    /// A cutover is asked for, and everything is open and prepared; nothing is locked.
    READY,
    /// The source is locked, or its door is closed.
    LOCKED,
    /// Everything that was committed before the marker is on the target.
    DRAINED,
    /// The unlogged tables are copied again.
    UNLOGGED_COPIED,
    /// The large objects are equal.
    LARGE_OBJECTS_EQUAL,
    /// The materialized views are refreshed.
    VIEWS_REFRESHED,
    /// The target's sequences are set.
    SEQUENCES_SET,
    /// Both sides were compared.
    VERIFIED,
    /// The journal knows of the fence; nothing of it is there yet.
    FENCE_JOURNALLED,
    /// The lock was seen to be held for the last time.
    FENCE_BEGINS,
    /// The fence's triggers are made and not committed.
    FENCE_UNCOMMITTED,
    /// The source is closed, and only the source knows.
    FENCED,
    /// The target's state knows it too, or without a fence: that the target is about to be opened.
    NO_RETURN,
    /// The target is open.
    TARGET_OPENED,
    /// Nothing is left to do but to tell.
    CLEANED_UP,
    /// The target knows that the migration is given up, and nothing is undone yet.
    ABORT_BEGUN,
    /// Nothing of ours is on the source any more.
    ABORTED_ON_SOURCE,
    /// Nothing of ours is on the target any more but the state, and the spool is still there.
    ABORTED_ON_TARGET,
    /// The spool is removed, and only the state is left.
    SPOOL_REMOVED;

    private static final @Nullable String ASKED = System.getenv("PG_MIGRATOR_TEST_FAULT");

    private static final AtomicBoolean DONE = new AtomicBoolean();

    /// Does what was asked for here.
    public void reached() {
        if (ASKED == null || !ASKED.startsWith(name() + ":") || !DONE.compareAndSet(false, true)) {
            return;
        }
        String action = ASKED.substring(name().length() + 1);
        try {
            if (action.startsWith("pause=")) {
                pause(Path.of(action.substring("pause=".length())));
            } else {
                new ProcessBuilder(
                                "kill",
                                "-" + action.toUpperCase(Locale.ROOT),
                                Long.toString(ProcessHandle.current().pid()))
                        .inheritIO()
                        .start()
                        .waitFor();
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    private static void pause(Path file) throws IOException, InterruptedException {
        Files.createFile(file);
        while (Files.exists(file)) {
            Thread.sleep(20);
        }
    }
}
