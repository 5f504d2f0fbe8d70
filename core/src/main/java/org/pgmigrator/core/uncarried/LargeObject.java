package org.pgmigrator.core.uncarried;

import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// A large object as one side has it. Confined to one thread; complete once all its ranges were added.
final class LargeObject {

    /// Contents are compared and written in ranges of so many pages (2 MB at the usual page size), so that a change of
    /// a page does not copy a terabyte.
    static final int RANGE_PAGES_LOG2 = 10;

    static final int RANGE_PAGES = 1 << RANGE_PAGES_LOG2;

    private final long oid;
    private final String owner;
    private final List<String> grants;
    private final SortedMap<Integer, Range> ranges = new TreeMap<>();
    private long length;

    /// @param grants what others than the owner may: privilege, `+` or `-` for with or without grant option, and the
    ///               role's name, empty for PUBLIC
    LargeObject(long oid, String owner, List<String> grants) {
        this.oid = oid;
        this.owner = owner;
        this.grants = List.copyOf(grants);
    }

    /// What the pages of a range hold.
    ///
    /// @param pages how many hold anything but zeros; ranges without any are not compared
    record Range(int pages, long firstHash, long secondHash) {}

    /// @param end where the last page of the range ends, in bytes from the beginning
    void add(int number, long end, Range range) {
        length = Math.max(length, end);
        if (range.pages() > 0) {
            ranges.put(number, range);
        }
    }

    long oid() {
        return oid;
    }

    String owner() {
        return owner;
    }

    List<String> grants() {
        return grants;
    }

    /// In bytes.
    long length() {
        return length;
    }

    /// How many pages of a range hold anything but zeros.
    int pages(int range) {
        Range found = ranges.get(range);
        return found == null ? 0 : found.pages();
    }

    boolean hasSameContent(LargeObject other) {
        return length == other.length && ranges.equals(other.ranges);
    }

    /// The ranges in which the two do not hold the same.
    SortedSet<Integer> differingRanges(LargeObject other) {
        SortedSet<Integer> differing = new TreeSet<>(ranges.keySet());
        differing.addAll(other.ranges.keySet());
        differing.removeIf(number -> Objects.equals(ranges.get(number), other.ranges.get(number)));
        return differing;
    }

    /// An empty one, as `lo_create` makes it.
    static LargeObject created(long oid, String owner) {
        return new LargeObject(oid, owner, List.of());
    }
}
