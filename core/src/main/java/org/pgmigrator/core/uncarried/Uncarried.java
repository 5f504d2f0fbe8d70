package org.pgmigrator.core.uncarried;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings to the target what logical decoding does not carry. One for a running migration: [#prepare] before each lock,
/// then, under the lock and after the drain, the three steps in this order. Every step may be repeated as often as need
/// be; none leaves anything half done on the target.
///
/// Each step asks `alive` from a thread of its own whether it is still wanted, cancels its statements on the servers if
/// not, and then throws CUTOVER_NOT_COMPLETED; an interrupt of the calling thread has the same effect. Used by one
/// thread at a time.
public final class Uncarried implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Uncarried.class);

    /// What changed while large objects were compared or copied is brought over once more before the lock, if that took
    /// longer than this: it would have to be done under the lock.
    private static final Duration LONG_ROUND = Duration.ofMillis(200);

    private static final int ROUNDS = 3;

    private final Database source;
    private final Database target;
    private final FilterConfig filter;
    private final LargeObjects largeObjects;
    private final List<Connection> sessions = new ArrayList<>();
    private List<UnloggedCopy> unlogged = List.of();

    /// @param owners     whether owners of large objects are carried
    /// @param privileges whether privileges on them are
    public Uncarried(Database source, Database target, FilterConfig filter, boolean owners, boolean privileges) {
        this.source = source;
        this.target = target;
        this.filter = filter;
        this.largeObjects = new LargeObjects(owners, privileges);
    }

    /// What there is to bring over, for whoever has to know before the cutover. In the caller's transaction.
    ///
    /// @param carried every carried table, as the same connection's catalogue has them
    public static Found find(Connection source, List<CatalogTable> carried, FilterConfig filter) throws SQLException {
        return Finder.find(source, carried, filter);
    }

    /// Whether large objects are carried. They have no schema: a filter that names what is carried leaves them out.
    public static boolean carriesLargeObjects(FilterConfig filter) {
        return Finder.carriesLargeObjects(filter);
    }

    /// Before the lock: opens the sessions, decides how unlogged tables are copied, and makes the large objects equal,
    /// so that under the lock only what has changed since is left. Takes as long as reading all large objects on both
    /// sides, the first time.
    ///
    /// @param carried every carried table of the source
    /// @return what was done with large objects
    public LargeObjects.Result prepare(List<CatalogTable> carried, BooleanSupplier alive) throws InterruptedException {
        connect();
        return watched(alive, watch -> {
            planUnlogged(carried);
            return presynchronize(watch);
        });
    }

    /// As [#prepare], for whoever wants nothing but to copy the unlogged tables.
    public void prepareUnlogged(List<CatalogTable> carried) {
        connect();
        planUnlogged(carried);
    }

    private void planUnlogged(List<CatalogTable> carried) {
        try {
            unlogged = UnloggedTables.plan(source(), target(), Finder.unlogged(carried));
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "How to copy the unlogged tables could not be found out.", refusal);
        }
    }

    private void connect() {
        close();
        sessions.add(source.connect(session()));
        sessions.add(target.connect(session().with("session_replication_role", "replica")));
        sessions.add(target.connect(
                session().with("session_replication_role", "replica").with("jit", "off")));
    }

    /// A table of the target may be in nobody's way for longer than the cutover may take: no lock timeout of its own.
    private static Session session() {
        return Session.named("cutover").with("xmloption", "content");
    }

    private LargeObjects.Result presynchronize(Watch watch) throws InterruptedException {
        LargeObjects.Result result = LargeObjects.Result.NOTHING;
        for (int round = 1; round <= ROUNDS; round++) {
            long started = System.nanoTime();
            LargeObjects.Result one = synchronize(watch);
            result = round == 1 ? one : result.plus(one).withNotes(one.notes());
            Duration took = Duration.ofNanos(System.nanoTime() - started);
            LOG.info(
                    "large objects compared before the lock round={} compared={} touched={} bytes={} milliseconds={}",
                    round,
                    one.compared(),
                    one.touched(),
                    one.bytes(),
                    took.toMillis());
            if (one.touched() == 0 || took.compareTo(LONG_ROUND) < 0) {
                break;
            }
        }
        return result;
    }

    private LargeObjects.Result synchronize(Watch watch) throws InterruptedException {
        return Finder.carriesLargeObjects(filter)
                ? largeObjects.synchronize(source(), sessions.get(2), watch)
                : LargeObjects.Result.NOTHING;
    }

    /// Copies the unlogged tables again.
    public UnloggedTables.Result copyUnloggedTables(BooleanSupplier alive) throws InterruptedException {
        return watched(alive, watch -> UnloggedTables.copy(source(), target(), unlogged, watch));
    }

    /// Copies those unlogged tables again that are empty on the target, as a crash leaves them.
    public UnloggedTables.Refilled refillUnloggedTables(BooleanSupplier alive) throws InterruptedException {
        return watched(alive, watch -> UnloggedTables.refill(source(), target(), unlogged, watch));
    }

    /// Brings the large objects to where the source's are. They are proved equal only if the catalogues of large
    /// objects are locked on the source, and [LargeObjects.Result#notCompared] is empty.
    public LargeObjects.Result synchronizeLargeObjects(BooleanSupplier alive) throws InterruptedException {
        return watched(alive, this::synchronize);
    }

    /// Computes the materialized views anew. What they read must be on the target.
    public MaterializedViews.Result refreshMaterializedViews(BooleanSupplier alive) throws InterruptedException {
        return watched(alive, watch -> MaterializedViews.refresh(source(), target(), filter, watch));
    }

    private Connection source() {
        return sessions.get(0);
    }

    private Connection target() {
        return sessions.get(1);
    }

    /// What a step does.
    @FunctionalInterface
    private interface Step<T> {
        T run(Watch watch) throws InterruptedException;
    }

    private <T> T watched(BooleanSupplier alive, Step<T> step) throws InterruptedException {
        if (sessions.isEmpty()) {
            throw new IllegalStateException("prepare comes first");
        }
        try (Watch watch = Watch.start(alive, sessions)) {
            try {
                watch.requireWanted();
                T result = step.run(watch);
                watch.requireWanted();
                return result;
            } catch (MigrationException failed) {
                // A cancelled statement is the consequence, not the cause; and so is a failure of the other side.
                if (watch.isUnwanted()) {
                    watch.requireWanted();
                }
                throw failed;
            }
        }
    }

    @Override
    public void close() {
        for (Connection session : sessions) {
            try {
                session.close();
            } catch (SQLException alreadyGone) {
                LOG.debug("a session of the cutover was gone reason={}", alreadyGone.getMessage());
            }
        }
        sessions.clear();
    }
}
