package org.pgmigrator.core.cutover;

import java.math.BigInteger;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// All sequences, identity ones included: read from the source in one query, set on the target in few, read back.
///
/// They are read from `pg_class`, since other views leave some out, and never derived from the largest key of a table.
public final class Sequences {

    /// Statements for this many sequences travel together.
    static final int CHUNK = 500;

    private static final String LIST = """
            select n.nspname, c.relname, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle
            from pg_sequence s
            join pg_class c on c.oid = s.seqrelid
            join pg_namespace n on n.oid = c.relnamespace
            where c.relpersistence <> 't'
              and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                              and d.deptype = 'e')
              and %s
            order by 1, 2
            """.formatted(Catalog.USER_SCHEMA);

    /// SQL NULL for one that was never called.
    private static final String LAST_VALUES = """
            select w.position, pg_sequence_last_value(w.name::regclass)
            from unnest(?::text[]) with ordinality w(name, position)
            """;

    private static final String SET = """
            select setval(w.name::regclass, w.value, w.called)
            from unnest(?::text[], ?::int8[], ?::bool[]) w(name, value, called)
            """;

    private Sequences() {}

    /// One sequence's definition and state.
    ///
    /// @param cycles whether it begins again at its limit, so that its values come again anyway
    /// @param called `is_called`: false if the next value is `lastValue` itself
    record SequenceState(
            QualifiedName name, long increment, long min, long max, boolean cycles, long lastValue, boolean called) {

        /// The same sequence elsewhere.
        SequenceState at(long value, boolean isCalled) {
            return new SequenceState(name, increment, min, max, cycles, value, isCalled);
        }

        /// The state that the target gets: `buffer` increments further in its own direction, within its limits. A
        /// sequence that was never called stays so, and one that cycles has no further.
        SequenceState advanced(long buffer) {
            return moves(buffer) ? at(withinLimits(wanted(buffer)).longValueExact(), true) : this;
        }

        /// Whether the limit keeps it from getting so far, and it has values to give before that.
        boolean exceedsLimit(long buffer) {
            return moves(buffer)
                    && !withinLimits(wanted(buffer)).equals(wanted(buffer))
                    && advanced(buffer).lastValue != lastValue;
        }

        private boolean moves(long buffer) {
            return called && !cycles && buffer != 0;
        }

        private BigInteger wanted(long buffer) {
            return BigInteger.valueOf(increment)
                    .multiply(BigInteger.valueOf(buffer))
                    .add(BigInteger.valueOf(lastValue));
        }

        private BigInteger withinLimits(BigInteger value) {
            return value.max(BigInteger.valueOf(min)).min(BigInteger.valueOf(max));
        }
    }

    /// What was set.
    ///
    /// @param count  how many sequences
    /// @param usedUp those that the buffer has moved to their limit, where they give no further value: a sentence each
    public record Copied(int count, List<String> usedUp) {
        public Copied {
            usedUp = List.copyOf(usedUp);
        }
    }

    /// Sets the target's sequences to the source's state, and reads them back.
    ///
    /// @param carried which sequences are migrated
    public static Copied copy(Connection source, Connection target, Predicate<QualifiedName> carried, long buffer) {
        List<SequenceState> there;
        List<SequenceState> wanted;
        try {
            there = states(source, definitions(source, carried));
            wanted = there.stream().map(state -> state.advanced(buffer)).toList();
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The sequences could not be read.", refusal);
        }
        try {
            set(target, wanted);
            verify(target, wanted);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The sequences could not be set.", refusal);
        }
        return new Copied(
                wanted.size(),
                there.stream()
                        .filter(state -> state.exceedsLimit(buffer))
                        .map(state -> usedUp(state, buffer))
                        .toList());
    }

    private static String usedUp(SequenceState state, long buffer) {
        return "sequence " + state.name() + " gives no further value on the target: the " + buffer
                + " increments of --sequence-buffer lead from " + state.lastValue() + " beyond its "
                + (state.increment() > 0 ? "MAXVALUE " + state.max() : "MINVALUE " + state.min())
                + ", where it stands now. Raise the limit there, or set it back with pg-migrator sequences sync"
                + " --backwards";
    }

    /// Which of `names` the target does not have.
    public static List<QualifiedName> missing(Connection target, Set<QualifiedName> names) {
        try {
            Set<QualifiedName> present = definitions(target, names::contains).stream()
                    .map(SequenceState::name)
                    .collect(Collectors.toSet());
            return names.stream()
                    .filter(name -> !present.contains(name))
                    .sorted()
                    .toList();
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The sequences could not be listed.", refusal);
        }
    }

    static List<SequenceState> definitions(Connection connection, Predicate<QualifiedName> carried)
            throws SQLException {
        List<SequenceState> definitions = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(LIST)) {
            while (row.next()) {
                QualifiedName name = new QualifiedName(row.getString(1), row.getString(2));
                if (carried.test(name)) {
                    definitions.add(new SequenceState(
                            name, row.getLong(3), row.getLong(4), row.getLong(5), row.getBoolean(6), 0, false));
                }
            }
        }
        return definitions;
    }

    /// Where each of them is, in the order of `definitions`.
    static List<SequenceState> states(Connection connection, List<SequenceState> definitions) throws SQLException {
        List<SequenceState> states = new ArrayList<>();
        for (int from = 0; from < definitions.size(); from += CHUNK) {
            states.addAll(statesOf(connection, definitions.subList(from, Math.min(from + CHUNK, definitions.size()))));
        }
        return states;
    }

    /// A function tells where those are that were ever called: thousands of names in a query take long to be planned.
    private static List<SequenceState> statesOf(Connection connection, List<SequenceState> definitions)
            throws SQLException {
        List<SequenceState> states = new ArrayList<>(definitions);
        List<Integer> uncalled = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(LAST_VALUES)) {
            statement.setArray(1, names(connection, definitions));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    int position = row.getInt(1) - 1;
                    long lastValue = row.getLong(2);
                    if (row.wasNull()) {
                        uncalled.add(position);
                    } else {
                        states.set(position, definitions.get(position).at(lastValue, true));
                    }
                }
            }
        }
        if (!uncalled.isEmpty()) {
            readUncalled(connection, definitions, uncalled, states);
        }
        return states;
    }

    /// They may have been moved all the same: `setval` with false, or ALTER SEQUENCE.
    private static void readUncalled(
            Connection connection, List<SequenceState> definitions, List<Integer> uncalled, List<SequenceState> states)
            throws SQLException {
        StringBuilder sql = new StringBuilder();
        for (int position : uncalled) {
            sql.append(sql.isEmpty() ? "" : "\nunion all\n")
                    .append("select ")
                    .append(position)
                    .append(", last_value, is_called from ")
                    .append(definitions.get(position).name().quoted());
        }
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql.toString())) {
            while (row.next()) {
                int position = row.getInt(1);
                states.set(position, definitions.get(position).at(row.getLong(2), row.getBoolean(3)));
            }
        }
    }

    private static Array names(Connection connection, List<SequenceState> states) throws SQLException {
        return connection.createArrayOf(
                "text", states.stream().map(state -> state.name().quoted()).toArray());
    }

    private static void set(Connection target, List<SequenceState> wanted) throws SQLException {
        try (PreparedStatement statement = target.prepareStatement(SET)) {
            for (int from = 0; from < wanted.size(); from += CHUNK) {
                List<SequenceState> chunk = wanted.subList(from, Math.min(from + CHUNK, wanted.size()));
                statement.setArray(1, names(target, chunk));
                statement.setArray(
                        2,
                        target.createArrayOf(
                                "int8",
                                chunk.stream().map(SequenceState::lastValue).toArray()));
                statement.setArray(
                        3,
                        target.createArrayOf(
                                "bool",
                                chunk.stream().map(SequenceState::called).toArray()));
                statement.execute();
            }
        }
    }

    private static void verify(Connection target, List<SequenceState> wanted) throws SQLException {
        Map<QualifiedName, SequenceState> found = new HashMap<>();
        states(target, wanted).forEach(state -> found.put(state.name(), state));
        for (SequenceState state : wanted) {
            SequenceState now = found.get(state.name());
            if (now == null || now.lastValue() != state.lastValue() || now.called() != state.called()) {
                throw new MigrationException(Failure.of(
                        FailureKind.VERIFICATION_MISMATCH,
                        "Sequence " + state.name() + " on the target is not where it was set to.",
                        "wanted " + state.lastValue() + ", found " + (now == null ? "nothing" : now.lastValue())));
            }
        }
    }
}
