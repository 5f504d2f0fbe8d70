package org.pgmigrator.core.apply.differential;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.pgmigrator.core.apply.differential.Shape.Publication;

/// What one seed does: some of the shapes, their first rows, and transactions of three sessions that are interleaved on
/// one thread. The same seed gives the same statements, on a source of the same major.
///
/// A statement that the source refuses is part of the workload: its savepoint or its transaction is rolled back.
final class RandomWorkload {

    /// Where transactions end.
    private enum Size {
        TINY(70),
        MIXED(25),
        LONG(4);

        /// Chance of an end after each statement.
        final int endPercent;

        Size(int endPercent) {
            this.endPercent = endPercent;
        }
    }

    private final Random random;
    private final List<Shape> shapes = new ArrayList<>();
    private final Size size;
    private final int steps;
    private final boolean backlogFirst;
    private final int restarts;

    /// @param only names of shapes to use in place of random ones; none for random ones
    RandomWorkload(long seed, Set<String> only) {
        random = new Random(seed);
        // Seeds that are near each other begin with similar numbers.
        random.nextLong();
        List<Shape> pool = new ArrayList<>(KeyShapes.all());
        pool.addAll(RowShapes.all());
        pool.addAll(OrderShapes.all());
        Collections.shuffle(pool, random);
        shapes.add(RowShapes.counter());
        shapes.addAll(pool.subList(0, 2 + random.nextInt(5)));
        int weight = random.nextInt(100);
        if (weight < 30) {
            shapes.add(BulkShape.of(weight < 2 ? 40_000 : weight < 8 ? 4_000 : 300));
        }
        size = Size.values()[random.nextInt(Size.values().length)];
        steps = weight < 8 ? 90 : 200 + random.nextInt(300);
        backlogFirst = random.nextInt(100) < 75;
        restarts = Math.max(0, random.nextInt(5) - 2);
        if (!only.isEmpty()) {
            pool.add(BulkShape.of(300));
            pool.add(RowShapes.counter());
            shapes.clear();
            pool.stream().filter(shape -> only.contains(shape.name())).forEach(shapes::add);
        }
    }

    /// Whether everything is written before any of it is applied.
    boolean backlogFirst() {
        return backlogFirst;
    }

    /// How often the applying side is interrupted.
    int restarts() {
        return restarts;
    }

    /// Whether net changes may meet a constraint that the changes themselves did not meet.
    boolean mayBeRefused() {
        return shapes.stream().anyMatch(Shape::mayBeRefused);
    }

    int steps() {
        return steps;
    }

    List<String> publications() {
        return List.of(Publication.values()).stream()
                .map(Publication::publicationName)
                .toList();
    }

    /// Schema and first rows on both sides, and the publications on the source.
    void create(Connection source, Connection target) throws SQLException {
        List<String> preparation = List.of(
                "create schema w", "create extension citext schema public", "create extension hstore schema public");
        run(source, preparation);
        run(target, preparation);
        for (Shape shape : shapes) {
            run(source, shape.sourceSchema());
            run(target, shape.targetSchema());
            for (int number = 0; number < Slice.COUNT; number++) {
                for (String row : shape.firstRows(new Slice(random, number))) {
                    // Refused on one side it is refused on the other, and leaves the same gap in a sequence.
                    firstRow(source, row);
                    firstRow(target, row);
                }
            }
        }
        for (Publication publication : Publication.values()) {
            List<String> tables = shapes.stream()
                    .flatMap(shape -> shape.published(publication).stream())
                    .toList();
            run(
                    source,
                    List.of("create publication " + publication.publicationName()
                            + (tables.isEmpty() ? "" : " for table " + String.join(", ", tables)) + " with ("
                            + publication.options + ")"));
        }
    }

    private static void firstRow(Connection side, String insert) throws SQLException {
        try (Statement statement = side.createStatement()) {
            statement.execute(insert);
        } catch (SQLException refusal) {
            if (!String.valueOf(refusal.getSQLState()).startsWith("23")) {
                throw new SQLException(insert, refusal);
            }
        }
    }

    private static void run(Connection connection, List<String> statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                try {
                    statement.execute(sql);
                } catch (SQLException refusal) {
                    throw new SQLException(sql, refusal);
                }
            }
        }
    }

    /// Writes the workload.
    ///
    /// @param between called between two statements
    void write(List<Connection> connections, SqlTrace trace, Runnable between) throws SQLException {
        List<WritingSession> sessions = new ArrayList<>();
        for (int i = 0; i < Slice.COUNT; i++) {
            sessions.add(new WritingSession(connections.get(i), i, trace));
        }
        for (int step = 0; step < steps; step++) {
            if (random.nextInt(100) < 3) {
                endAll(sessions);
                // What one session gave up is now for another to take.
                Collections.rotate(sessions, 1);
            }
            if (random.nextInt(100) < 2) {
                endAll(sessions);
                exclusive(sessions.getFirst());
            }
            int number = random.nextInt(Slice.COUNT);
            step(sessions.get(number), new Slice(random, number));
            between.run();
        }
        endAll(sessions);
    }

    private void step(WritingSession session, Slice slice) throws SQLException {
        if (!session.hasStatements()) {
            session.tell(shapes.get(random.nextInt(shapes.size())).next(slice));
        }
        if (!session.isOpen() && slice.chance(85)) {
            session.begin();
        }
        if (session.isOpen() && slice.chance(6)) {
            session.savepoint();
        }
        session.next(slice.chance(75));
        if (session.isOpen() && slice.chance(4)) {
            session.rollbackToSavepoint();
        }
        if (session.isOpen() && slice.chance(size.endPercent)) {
            end(session);
        }
    }

    private void end(WritingSession session) throws SQLException {
        if (random.nextInt(100) < 7) {
            session.rollback();
        } else {
            session.commit();
        }
    }

    private void endAll(List<WritingSession> sessions) throws SQLException {
        List<WritingSession> order = new ArrayList<>(sessions);
        Collections.shuffle(order, random);
        for (WritingSession session : order) {
            if (session.isOpen()) {
                end(session);
            }
            session.forget();
        }
    }

    /// A statement that locks a whole table, perhaps in the middle of other changes.
    private void exclusive(WritingSession session) throws SQLException {
        Slice slice = new Slice(random, 0);
        Shape shape = shapes.get(random.nextInt(shapes.size()));
        List<String> statements = new ArrayList<>();
        if (slice.chance(60)) {
            session.begin();
            statements.addAll(shape.next(slice));
        }
        shape.nextExclusive(slice).ifPresent(statements::addAll);
        if (slice.chance(60)) {
            statements.addAll(shape.next(slice));
        }
        session.tell(statements);
        while (session.hasStatements()) {
            session.next(true);
        }
        if (session.isOpen()) {
            end(session);
        }
    }

    @Override
    public String toString() {
        return "shapes " + shapes.stream().map(Shape::name).toList() + ", " + steps + " steps of " + size
                + " transactions, " + (backlogFirst ? "backlog first" : "applied while written") + ", " + restarts
                + " interruptions";
    }
}
