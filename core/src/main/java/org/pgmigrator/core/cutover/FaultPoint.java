package org.pgmigrator.core.cutover;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// Where a cutover may be cut off: between any two of its steps. For tests, which set `PG_MIGRATOR_TEST_FAULT` in the
/// environment of the process; without it a point is a comparison.
///
/// `LOCKED:kill` and `LOCKED:stop` send the process SIGKILL or SIGSTOP there, once; `LOCKED:pause=/some/file` makes the
/// file and waits until somebody has removed it.
public enum FaultPoint {
    /// Everything is open and prepared; nothing is locked.
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
    CLEANED_UP;

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
