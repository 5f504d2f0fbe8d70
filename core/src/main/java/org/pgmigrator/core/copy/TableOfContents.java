package org.pgmigrator.core.copy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// What a dump holds, as `pg_restore --list` prints it: one entry a line, in the order in which they are restored.
///
/// A list with lines taken out, given back with `--use-list`, restores the rest.
/// See https://www.postgresql.org/docs/current/app-pgrestore.html
record TableOfContents(List<Entry> entries) {

    TableOfContents {
        entries = List.copyOf(entries);
    }

    /// The catalogue row that an entry was made from, on the source: `pg_class` and the oid of a table, for example.
    record Origin(long classOid, long oid) {
        // The catalogues' own oids are the same on every server: they are fixed in PostgreSQL's source.
        static final int PG_CLASS = 1259;
        static final int PG_CONSTRAINT = 2606;
        static final int PG_NAMESPACE = 2615;
        static final int PG_PUBLICATION = 6104;
        static final int PG_PUBLICATION_REL = 6106;
    }

    /// One entry.
    ///
    /// @param dumpId      its number inside the dump, which pg_restore's messages name
    /// @param origin      0 and 0 for what has no row of its own (comments, attachments)
    /// @param description type, schema (`-` without one), name and owner; ambiguous where names have blanks in them
    record Entry(int dumpId, Origin origin, String description) {

        private static final Pattern LINE = Pattern.compile("(\\d+); (\\d+) (\\d+) (.+)");

        /// The data of a table, whose origin is (0, the table's oid).
        boolean isTableData() {
            return description.startsWith("TABLE DATA ");
        }

        /// Without the owner: `TABLE public orders`.
        String object() {
            int owner = description.lastIndexOf(' ');
            return owner < 0 ? description : description.substring(0, owner);
        }

        String line() {
            return dumpId + "; " + origin.classOid + " " + origin.oid + " " + description;
        }

        static Optional<Entry> parse(String line) {
            Matcher matcher = LINE.matcher(line);
            return matcher.matches()
                    ? Optional.of(new Entry(
                            Integer.parseInt(matcher.group(1)),
                            new Origin(Long.parseLong(matcher.group(2)), Long.parseLong(matcher.group(3))),
                            matcher.group(4)))
                    : Optional.empty();
        }
    }

    /// Reads the lines of `pg_restore --list`; those that begin with a semicolon are comments.
    static TableOfContents parse(List<String> lines) {
        return new TableOfContents(
                lines.stream().map(Entry::parse).flatMap(Optional::stream).toList());
    }

    TableOfContents without(Predicate<Entry> leftOut) {
        return new TableOfContents(entries.stream().filter(leftOut.negate()).toList());
    }

    Map<Integer, Entry> byDumpId() {
        return entries.stream().collect(Collectors.toMap(Entry::dumpId, Function.identity(), (first, second) -> first));
    }

    void write(Path file) throws IOException {
        Files.write(file, entries.stream().map(Entry::line).toList());
    }

    /// Entries of pg-migrator's own that must never reach a target.
    ///
    /// @param origins      the catalogue rows of its publications and of their members
    /// @param publications their names, without characters that need quotes
    static Predicate<Entry> ownObjects(Set<Origin> origins, Set<String> publications, String schema) {
        return entry -> origins.contains(entry.origin)
                || entry.description.startsWith("SCHEMA - " + schema + " ")
                || entry.description.startsWith("COMMENT - SCHEMA " + schema + " ")
                || publications.stream()
                        .anyMatch(name -> entry.description.startsWith("PUBLICATION - " + name + " ")
                                || entry.description.startsWith("COMMENT - PUBLICATION " + name + " "));
    }
}
