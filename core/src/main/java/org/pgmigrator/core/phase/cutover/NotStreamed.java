package org.pgmigrator.core.phase.cutover;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.uncarried.LargeObjects;
import org.pgmigrator.core.uncarried.MaterializedViews;
import org.pgmigrator.core.uncarried.Uncarried;
import org.pgmigrator.core.uncarried.UnloggedTables;

/// What the stream does not carry, as steps of a cutover: each told with what was done, and never more than is proved.
final class NotStreamed implements AutoCloseable {

    private static final String LOCKABLE = """
            select rolsuper from pg_roles where rolname = current_user
            """;

    /// As while draining.
    private static final Duration TICK = Duration.ofSeconds(1);

    private final CutoverScene scene;
    private final CutoverClock clock;
    private final Uncarried uncarried;
    private boolean largeObjectsLocked;

    NotStreamed(CutoverScene scene, CutoverClock clock) {
        this.scene = scene;
        this.clock = clock;
        this.uncarried = scene.uncarried();
    }

    /// What can be done before anybody has to wait. The first comparison of large objects reads all of them, which is
    /// no
    /// part of the time that the cutover may take.
    void prepare(List<CatalogTable> carried) throws InterruptedException {
        long began = System.nanoTime();
        LargeObjects.Result result = beside(() ->
                uncarried.prepare(carried, () -> scene.control().stopRequested().isEmpty()));
        clock.extend(Duration.ofNanos(System.nanoTime() - began));
        if (result.touched() > 0) {
            scene.listener()
                    .on(new ProgressEvent.Notice("before the lock: large objects, " + told(result) + "; "
                            + result.compared() + " were compared"));
        }
    }

    /// Whether large objects are to be locked: nobody but a superuser may. Readers of large objects wait then.
    boolean locksLargeObjects() {
        try {
            largeObjectsLocked = Uncarried.carriesLargeObjects(scene.filter())
                    && "t".equals(Catalog.value(scene.observer(), LOCKABLE));
            return largeObjectsLocked;
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "Whether large objects can be locked is not known.", refusal);
        }
    }

    /// The steps, once the target has everything that is streamed, and before the sequences: an unlogged table may have
    /// some.
    void run() throws InterruptedException {
        UnloggedTables.Result unlogged = beside(() -> uncarried.copyUnloggedTables(this::isWanted));
        clock.step(
                "unlogged tables",
                unlogged.tables() + " copied again, " + unlogged.rows() + " rows of " + unlogged.bytes() + " bytes");
        FaultPoint.UNLOGGED_COPIED.reached();
        LargeObjects.Result objects = beside(() -> uncarried.synchronizeLargeObjects(this::isWanted));
        clock.step("large objects", told(objects) + "; " + claim(objects));
        objects.notes().forEach(note -> scene.listener().on(new ProgressEvent.Warning(note)));
        objects.notCompared()
                .ifPresent(why -> scene.listener()
                        .on(new ProgressEvent.Warning("large objects are as they were when they were copied: " + why)));
        FaultPoint.LARGE_OBJECTS_EQUAL.reached();
        MaterializedViews.Result views = beside(() -> uncarried.refreshMaterializedViews(this::isWanted));
        clock.step(
                "materialized views",
                views.refreshed() + " refreshed" + (views.emptied() == 0 ? "" : ", " + views.emptied() + " emptied"));
        FaultPoint.VIEWS_REFRESHED.reached();
    }

    /// Does it in a thread of its own, which has ended when this returns: it may take long, and the screen goes on.
    private <T> T beside(Callable<T> work) throws InterruptedException {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = Thread.ofPlatform().name("uncarried").start(task);
        try {
            while (true) {
                try {
                    return task.get(TICK.toMillis(), TimeUnit.MILLISECONDS);
                } catch (TimeoutException underWay) {
                    scene.watch().tickInCutover();
                }
            }
        } catch (ExecutionException failed) {
            throw cause(failed);
        } finally {
            end(thread);
        }
    }

    private static RuntimeException cause(ExecutionException failed) throws InterruptedException {
        Throwable cause = failed.getCause();
        if (cause instanceof InterruptedException stop) {
            throw stop;
        }
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException refusal ? refusal : new IllegalStateException(failed);
    }

    /// Its statements are cancelled if it is interrupted, so that this cannot take long.
    private static void end(Thread thread) {
        boolean interrupted = Thread.interrupted();
        thread.interrupt();
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException again) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isWanted() {
        return clock.isAlive() && scene.control().stopRequested().isEmpty();
    }

    private static String told(LargeObjects.Result result) {
        return result.created() + " new, " + result.changed() + " changed, " + result.deleted() + " deleted, "
                + result.permissions() + " with another owner or other privileges, " + result.bytes() + " bytes";
    }

    private String claim(LargeObjects.Result result) {
        Optional<String> why = result.notCompared();
        if (why.isPresent()) {
            return "not compared: " + why.get();
        }
        return largeObjectsLocked
                ? "equal on both sides, under a lock"
                : "not proved to be equal: they are not locked, and what writes them is not stopped";
    }

    /// Ends the sessions of this attempt.
    @Override
    public void close() {
        uncarried.close();
    }
}
