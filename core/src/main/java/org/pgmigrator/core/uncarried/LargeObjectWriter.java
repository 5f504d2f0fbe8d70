package org.pgmigrator.core.uncarried;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// Makes large objects of the target what they are on the source, in the target transaction that the caller has open.
/// Confined to one thread.
///
/// Source: https://www.postgresql.org/docs/current/lo-funcs.html
final class LargeObjectWriter {

    /// What travels in one statement.
    private static final long PORTION_BYTES = 8L << 20;

    private static final int PORTION_PIECES = 500;

    /// INV_READ | INV_WRITE.
    private static final int READ_WRITE = 0x60000;

    private static final String READ = """
            select r.number, l.pageno, l.data
            from unnest(?::int4[], ?::oid[], ?::int8[]) r(number, loid, page)
            cross join lateral (select pageno, data from pg_catalog.pg_largeobject
                                where loid = r.loid and pageno >= r.page and pageno < r.page + %d offset 0) l
            """.formatted(LargeObject.RANGE_PAGES);

    private static final String WRITE =
            "select lo_put(w.loid, w.position, w.data) from unnest(?::oid[], ?::int8[], ?::bytea[]) w(loid, position, data)";

    private static final String SET_LENGTHS = "select lo_truncate64(lo_open(w.loid, " + READ_WRITE
            + "), w.length) from unnest(?::oid[], ?::int8[]) w(loid, length)";

    private final Connection source;
    private final Connection target;
    private final int pageBytes;
    private final Watch watch;
    private final List<Piece> portion = new ArrayList<>();
    private long portionBytes;
    private long written;

    LargeObjectWriter(Connection source, Connection target, int pageBytes, Watch watch) {
        this.source = source;
        this.target = target;
        this.pageBytes = pageBytes;
        this.watch = watch;
    }

    /// A range of one large object.
    ///
    /// @param length in bytes, up to the large object's end
    private record Piece(long oid, int range, int length) {
        long firstPage() {
            return (long) range * LargeObject.RANGE_PAGES;
        }
    }

    /// Bytes written by this writer.
    long written() {
        return written;
    }

    void delete(Collection<Long> oids) throws SQLException {
        forEach("select lo_unlink(w.loid) from unnest(?::oid[]) w(loid)", oids);
    }

    void create(Collection<Long> oids) throws SQLException {
        forEach("select lo_create(w.loid) from unnest(?::oid[]) w(loid)", oids);
    }

    private void forEach(String sql, Collection<Long> oids) throws SQLException {
        if (oids.isEmpty()) {
            return;
        }
        try (PreparedStatement statement = target.prepareStatement(sql)) {
            statement.setArray(1, target.createArrayOf("oid", oids.toArray()));
            statement.execute();
        }
    }

    /// Writes the ranges that differ, and sets the lengths.
    ///
    /// @param wanted as the source has them
    /// @param there  as the target has them; those that it has not yet were created, and are empty
    void write(Collection<LargeObject> wanted, SortedMap<Long, LargeObject> there)
            throws SQLException, InterruptedException {
        long rangeBytes = (long) LargeObject.RANGE_PAGES * pageBytes;
        for (LargeObject object : wanted) {
            LargeObject now = there.getOrDefault(object.oid(), LargeObject.created(object.oid(), ""));
            for (int range : object.differingRanges(now)) {
                long length = Math.min(rangeBytes, object.length() - range * rangeBytes);
                if (length > 0) {
                    add(new Piece(object.oid(), range, Math.toIntExact(length)));
                }
            }
        }
        flush();
        setLengths(wanted);
    }

    private void add(Piece piece) throws SQLException, InterruptedException {
        if (portion.size() == PORTION_PIECES || portionBytes + piece.length() > PORTION_BYTES) {
            flush();
        }
        portion.add(piece);
        portionBytes += piece.length();
    }

    private void flush() throws SQLException, InterruptedException {
        watch.requireWanted();
        if (portion.isEmpty()) {
            return;
        }
        byte[][] data = readPortion();
        try (PreparedStatement statement = target.prepareStatement(WRITE)) {
            statement.setArray(
                    1,
                    target.createArrayOf("oid", portion.stream().map(Piece::oid).toArray()));
            statement.setArray(
                    2,
                    target.createArrayOf(
                            "int8",
                            portion.stream()
                                    .map(piece -> piece.firstPage() * pageBytes)
                                    .toArray()));
            statement.setArray(3, target.createArrayOf("bytea", data));
            statement.execute();
        }
        written += portionBytes;
        portion.clear();
        portionBytes = 0;
    }

    /// The bytes of each piece: zeros where the source has no page, or a short one.
    private byte[][] readPortion() {
        byte[][] data = new byte[portion.size()][];
        Object[] numbers = new Object[portion.size()];
        for (int i = 0; i < data.length; i++) {
            data[i] = new byte[portion.get(i).length()];
            numbers[i] = i;
        }
        try (PreparedStatement statement = source.prepareStatement(READ)) {
            statement.setArray(1, source.createArrayOf("int4", numbers));
            statement.setArray(
                    2,
                    source.createArrayOf("oid", portion.stream().map(Piece::oid).toArray()));
            statement.setArray(
                    3,
                    source.createArrayOf(
                            "int8", portion.stream().map(Piece::firstPage).toArray()));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    int number = row.getInt(1);
                    byte[] page = row.getBytes(3);
                    int position = Math.toIntExact(
                            (row.getLong(2) - portion.get(number).firstPage()) * pageBytes);
                    System.arraycopy(page, 0, data[number], position, page.length);
                }
            }
            return data;
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The large objects could not be read.", refusal);
        }
    }

    private void setLengths(Collection<LargeObject> wanted) throws SQLException {
        if (wanted.isEmpty()) {
            return;
        }
        try (PreparedStatement statement = target.prepareStatement(SET_LENGTHS)) {
            statement.setArray(
                    1,
                    target.createArrayOf(
                            "oid", wanted.stream().map(LargeObject::oid).toArray()));
            statement.setArray(
                    2,
                    target.createArrayOf(
                            "int8", wanted.stream().map(LargeObject::length).toArray()));
            statement.execute();
        }
    }
}
