package org.pgmigrator.core.uncarried;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// Makes the target's large objects equal to the source's: new, changed and deleted ones, owners and privileges.
///
/// The first time the contents of all are compared, by hashes that each side computes. After that both sides' row
/// versions ([LargeObjectVersions]) tell which may have changed since they were known to be equal, and only these are
/// compared: that is what has to happen under the lock. Confined to one thread.
public final class LargeObjects {

    /// Compared by one statement on each side, and changed in one transaction: each deletion takes a lock.
    private static final int BATCH = 1000;

    /// Beyond all OIDs.
    private static final long END = 1L << 32;

    private static final String ANY = "select exists (select from pg_catalog.pg_largeobject_metadata)";

    private final boolean owners;
    private final boolean privileges;
    private @Nullable LargeObjectVersions knownSource;
    private @Nullable LargeObjectVersions knownTarget;

    /// @param owners     whether owners are carried
    /// @param privileges whether privileges are
    LargeObjects(boolean owners, boolean privileges) {
        this.owners = owners;
        this.privileges = privileges;
    }

    /// What was done.
    ///
    /// @param compared    how many were compared, on whichever side they are
    /// @param changed     those whose contents were written again, in part at least
    /// @param permissions those that got another owner or other privileges
    /// @param bytes       contents that were written
    /// @param notCompared why changes were not looked for; empty if they were
    /// @param notes       owners and privileges that could not be made equal, a sentence each
    public record Result(
            long compared,
            long created,
            long changed,
            long deleted,
            long permissions,
            long bytes,
            Optional<String> notCompared,
            List<String> notes) {

        static final Result NOTHING = new Result(0, 0, 0, 0, 0, 0, Optional.empty(), List.of());

        public Result {
            notes = List.copyOf(notes);
        }

        static Result notCompared(String why) {
            return new Result(0, 0, 0, 0, 0, 0, Optional.of(why), List.of());
        }

        /// How many were made, changed or removed on the target.
        public long touched() {
            return created + changed + deleted + permissions;
        }

        Result plus(Result other) {
            return new Result(
                    compared + other.compared,
                    created + other.created,
                    changed + other.changed,
                    deleted + other.deleted,
                    permissions + other.permissions,
                    bytes + other.bytes,
                    notCompared,
                    notes);
        }

        Result withNotes(List<String> sentences) {
            return new Result(compared, created, changed, deleted, permissions, bytes, notCompared, sentences);
        }
    }

    /// Makes them equal as of one moment of the source.
    ///
    /// @param source in no transaction; in none afterwards
    /// @param target the same
    /// @throws MigrationException VERIFICATION_MISMATCH if they are not equal afterwards, or of a side's kinds
    Result synchronize(Connection source, Connection target, Watch watch) throws InterruptedException {
        try (Transaction reading = Transaction.reading(source, Side.SOURCE)) {
            if (!exist(source, Side.SOURCE) && !exist(target, Side.TARGET)) {
                return Result.NOTHING;
            }
            Optional<String> obstacle = obstacle(source, target);
            if (obstacle.isPresent()) {
                return Result.notCompared(obstacle.get());
            }
            Pair<LargeObjectVersions> versions =
                    Pair.read(() -> LargeObjectVersions.read(source), () -> LargeObjectVersions.read(target), watch);
            Result result = synchronize(source, target, buckets(versions), watch);
            reading.commit();
            knownSource = versions.source();
            // What was written since has made its buckets differ, so that they are compared once more.
            knownTarget = versions.target();
            return result;
        }
    }

    private static boolean exist(Connection connection, Side side) {
        return "t".equals(value(connection, side, ANY));
    }

    private static @Nullable String value(Connection connection, Side side, String query) {
        try {
            return Catalog.value(connection, query);
        } catch (SQLException refusal) {
            throw SqlState.toException(side, "The large objects could not be looked at.", refusal);
        }
    }

    private static Optional<String> obstacle(Connection source, Connection target) {
        String readable = "select has_table_privilege('pg_catalog.pg_largeobject', 'SELECT')";
        if (!"t".equals(value(source, Side.SOURCE, readable))) {
            return Optional.of("the role may not read pg_largeobject on the source");
        }
        if (!"t".equals(value(target, Side.TARGET, readable))) {
            return Optional.of("the role may not read pg_largeobject on the target");
        }
        return pageBytes(source, Side.SOURCE) == pageBytes(target, Side.TARGET)
                ? Optional.empty()
                : Optional.of("the servers were built with different block sizes");
    }

    /// LOBLKSIZE of the server.
    private static int pageBytes(Connection connection, Side side) {
        return Integer.parseInt(String.valueOf(value(connection, side, "select current_setting('block_size')"))) / 4;
    }

    /// Which may differ.
    private List<Integer> buckets(Pair<LargeObjectVersions> now) {
        if (knownSource == null || knownTarget == null) {
            return IntStream.range(0, LargeObjectVersions.BUCKETS).boxed().toList();
        }
        TreeSet<Integer> changed = new TreeSet<>(now.source().changedSince(knownSource));
        changed.addAll(now.target().changedSince(knownTarget));
        return List.copyOf(changed);
    }

    private Result synchronize(Connection source, Connection target, List<Integer> buckets, Watch watch)
            throws InterruptedException {
        Result result = Result.NOTHING;
        if (buckets.isEmpty()) {
            return result;
        }
        try {
            LargeObjectPermissions permissions = LargeObjectPermissions.of(target, owners, privileges);
            int pageBytes = pageBytes(source, Side.SOURCE);
            long after = 0;
            while (after < END) {
                watch.requireWanted();
                long from = after;
                Pair<List<Long>> oids = Pair.read(
                        () -> LargeObjectStates.oids(source, from, buckets, BATCH),
                        () -> LargeObjectStates.oids(target, from, buckets, BATCH),
                        watch);
                long end = Math.min(end(oids.source()), end(oids.target()));
                TreeSet<Long> batch = new TreeSet<>(oids.source());
                batch.addAll(oids.target());
                batch.removeIf(oid -> oid > end);
                if (!batch.isEmpty()) {
                    result = result.plus(batch(source, target, batch, pageBytes, permissions, watch));
                }
                after = end;
            }
            return result.withNotes(permissions.notes());
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The large objects could not be made equal.", refusal);
        }
    }

    /// Up to where a side's list is complete.
    private static long end(List<Long> oids) {
        return oids.size() < BATCH ? END : oids.getLast();
    }

    private static Result batch(
            Connection source,
            Connection target,
            Collection<Long> oids,
            int pageBytes,
            LargeObjectPermissions permissions,
            Watch watch)
            throws SQLException, InterruptedException {
        Pair<SortedMap<Long, LargeObject>> sides = Pair.read(
                () -> LargeObjectStates.read(source, oids, pageBytes),
                () -> LargeObjectStates.read(target, oids, pageBytes),
                watch);
        SortedMap<Long, LargeObject> wanted = sides.source();
        SortedMap<Long, LargeObject> there = sides.target();
        List<Long> deleted =
                there.keySet().stream().filter(oid -> !wanted.containsKey(oid)).toList();
        List<LargeObject> created = wanted.values().stream()
                .filter(object -> !there.containsKey(object.oid()))
                .toList();
        List<LargeObject> changed = wanted.values().stream()
                .filter(object -> {
                    LargeObject now = there.get(object.oid());
                    return now != null && !now.hasSameContent(object);
                })
                .toList();
        List<LargeObject> written = new ArrayList<>(created);
        written.addAll(changed);
        LargeObjectWriter writer = new LargeObjectWriter(source, target, pageBytes, watch);
        long permitted;
        try (Transaction writing = Transaction.writing(target, Side.TARGET)) {
            writer.delete(deleted);
            writer.create(created.stream().map(LargeObject::oid).toList());
            writer.write(written, there);
            permitted = permit(target, wanted, there, permissions);
            writing.commit();
        }
        requireEqual(target, wanted, written, deleted, pageBytes);
        return new Result(
                oids.size(),
                created.size(),
                changed.size(),
                deleted.size(),
                permitted,
                writer.written(),
                Optional.empty(),
                List.of());
    }

    /// @return how many of those that there were got another owner or other privileges
    private static long permit(
            Connection target,
            SortedMap<Long, LargeObject> wanted,
            SortedMap<Long, LargeObject> there,
            LargeObjectPermissions permissions)
            throws SQLException {
        long permitted = 0;
        String user = target.getMetaData().getUserName();
        for (LargeObject object : wanted.values()) {
            LargeObject now = there.get(object.oid());
            LargeObject known = now == null ? LargeObject.created(object.oid(), user) : now;
            if (permissions.differ(object, known) && permissions.make(target, object, known) && now != null) {
                permitted++;
            }
        }
        return permitted;
    }

    /// Reads back what was written.
    private static void requireEqual(
            Connection target,
            SortedMap<Long, LargeObject> wanted,
            List<LargeObject> written,
            List<Long> deleted,
            int pageBytes)
            throws SQLException {
        List<Long> touched = new ArrayList<>(deleted);
        written.forEach(object -> touched.add(object.oid()));
        if (touched.isEmpty()) {
            return;
        }
        SortedMap<Long, LargeObject> now = LargeObjectStates.read(target, touched, pageBytes);
        for (long oid : touched) {
            LargeObject expected = wanted.get(oid);
            LargeObject found = now.get(oid);
            if (expected == null ? found != null : found == null || !found.hasSameContent(expected)) {
                throw new MigrationException(Failure.of(
                        FailureKind.VERIFICATION_MISMATCH,
                        "Large object " + oid + " on the target is not what was written.",
                        expected == null
                                ? "it was removed and is there"
                                : "wanted " + expected.length() + " bytes, found "
                                        + (found == null ? "nothing" : found.length() + " bytes, or other ones")));
            }
        }
    }
}
