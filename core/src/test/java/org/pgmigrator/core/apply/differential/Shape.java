package org.pgmigrator.core.apply.differential;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// One or a few tables that show one property of PostgreSQL, with the statements that bring it out. Not thread-safe
/// while it is built, immutable in use.
final class Shape {

    /// How tables are published.
    enum Publication {
        LEAVES("publish = 'insert, update, delete, truncate'"),
        ROOT("publish_via_partition_root = true"),
        INSERTS("publish = 'insert, truncate'");

        final String options;

        Publication(String options) {
            this.options = options;
        }

        String publicationName() {
            return "p_" + name().toLowerCase(Locale.ROOT);
        }
    }

    /// Statements of one session, in order.
    @FunctionalInterface
    interface Story {
        List<String> next(Slice slice);
    }

    private final String name;
    private final List<String> schema = new ArrayList<>();
    private final List<String> onSource = new ArrayList<>();
    private final List<String> onTarget = new ArrayList<>();
    private final List<Table> tables = new ArrayList<>();
    private final List<Story> stories = new ArrayList<>();
    private final List<List<String>> exclusive = new ArrayList<>();
    private final Map<Publication, List<String>> published = new EnumMap<>(Publication.class);
    private boolean oneSession;
    private boolean otherConstraint;

    private Shape(String name) {
        this.name = name;
    }

    static Shape named(String name) {
        return new Shape(name);
    }

    /// Run on both sides before the first rows.
    Shape schema(String... statements) {
        schema.addAll(List.of(statements));
        return this;
    }

    /// Run on the source in place of what the target has of its own.
    Shape onSource(String... statements) {
        onSource.addAll(List.of(statements));
        return this;
    }

    Shape onTarget(String... statements) {
        onTarget.addAll(List.of(statements));
        return this;
    }

    Shape table(Table table) {
        tables.add(table);
        return this;
    }

    /// Told as often as all the motifs of the tables together.
    Shape story(Story story) {
        stories.add(story);
        return this;
    }

    /// Statements that lock whole tables: run while no other session has a transaction.
    Shape exclusive(String... statements) {
        exclusive.add(List.of(statements));
        return this;
    }

    Shape published(Publication publication, String... entries) {
        published.computeIfAbsent(publication, unused -> new ArrayList<>()).addAll(List.of(entries));
        return this;
    }

    /// Its sessions would wait for each other.
    Shape oneSession() {
        oneSession = true;
        return this;
    }

    /// It has a unique constraint on a column that the statements leave to the server.
    Shape otherConstraint() {
        otherConstraint = true;
        return this;
    }

    String name() {
        return name;
    }

    /// Whether it has a constraint beyond the key that net changes may violate where the changes did not.
    boolean mayBeRefused() {
        return otherConstraint
                || tables.stream().anyMatch(table -> !table.uniqueColumns().isEmpty());
    }

    List<String> sourceSchema() {
        return joined(schema, onSource);
    }

    List<String> targetSchema() {
        return joined(schema, onTarget);
    }

    private static List<String> joined(List<String> first, List<String> second) {
        List<String> all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }

    List<String> published(Publication publication) {
        return published.getOrDefault(publication, List.of());
    }

    /// Rows that both sides have before the stream begins: what a copy would have brought.
    List<String> firstRows(Slice slice) {
        List<String> statements = new ArrayList<>();
        for (Table table : tables) {
            for (int row = 1; row <= Slice.ROWS; row++) {
                if (slice.chance(70)) {
                    statements.add(table.insertMissing(slice, List.of(row * Slice.COUNT + slice.number())));
                }
            }
        }
        return statements;
    }

    /// What a session does next with this shape; empty if this slice must leave it alone.
    List<String> next(Slice slice) {
        if (oneSession && slice.number() != 0) {
            return List.of();
        }
        if (tables.isEmpty() || (!stories.isEmpty() && slice.chance(50))) {
            return stories.get(slice.random().nextInt(stories.size())).next(slice);
        }
        return Motifs.any(tables.get(slice.random().nextInt(tables.size())), slice);
    }

    Optional<List<String>> nextExclusive(Slice slice) {
        return exclusive.isEmpty()
                ? Optional.empty()
                : Optional.of(exclusive.get(slice.random().nextInt(exclusive.size())));
    }
}
