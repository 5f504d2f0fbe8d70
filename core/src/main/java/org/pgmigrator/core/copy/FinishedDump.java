package org.pgmigrator.core.copy;

import java.util.Optional;
import org.pgmigrator.core.copy.TableOfContents.Entry;

/// A complete dump in its folder: the proof that [DatabaseRestore] asks for. Valid until the folder is closed.
public final class FinishedDump {

    private final DumpFolder folder;
    private final CarriedContents carried;
    private final TableOfContents contents;

    /// @param contents what is to be restored: ours, and what cannot exist on the target, already taken out
    FinishedDump(DumpFolder folder, CarriedContents carried, TableOfContents contents) {
        this.folder = folder;
        this.carried = carried;
        this.contents = contents;
    }

    /// The number of tables with rows of their own.
    public int tables() {
        return carried.tableNames().size();
    }

    /// The size of these tables on the source; an estimate of the work.
    public long tableBytes() {
        return carried.totalTableBytes();
    }

    DumpFolder folder() {
        return folder;
    }

    CarriedContents carried() {
        return carried;
    }

    TableOfContents contents() {
        return contents;
    }

    /// The schema that an entry creates, if it creates one.
    Optional<String> createdSchema(Entry entry) {
        return Optional.ofNullable(carried.schemas().get(entry.origin()));
    }

    long totalBytes() {
        return contents.entries().stream().mapToLong(this::bytes).sum();
    }

    /// An entry's share of the restore: the pages of a table or of an index.
    long bytes(Entry entry) {
        return entry.isTableData()
                ? carried.tableBytes().getOrDefault(entry.origin().oid(), 0L)
                : carried.indexBytes().getOrDefault(entry.origin(), 0L);
    }

    String label(Entry entry) {
        return Optional.of(entry)
                .filter(Entry::isTableData)
                .map(data -> carried.tableNames().get(data.origin().oid()))
                .map(Object::toString)
                .orElseGet(entry::object);
    }
}
