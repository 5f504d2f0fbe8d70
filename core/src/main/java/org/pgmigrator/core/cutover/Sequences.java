package org.pgmigrator.core.cutover;

import java.math.BigInteger;
import java.sql.Connection;
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

    private Sequences() {}

    /// One sequence's definition and state.
    ///
    /// @param cycles whether it begins again at its limit, so that its values come again anyway
    /// @param called `is_called`: false if the next value is `lastValue` itself
    record SequenceState(
            QualifiedName name, long increment, long min, long max, boolean cycles, long lastValue, boolean called) {

        /// The state that the target gets: `buffer` increments further in its own direction, within its limits. A
        /// sequence that was never called stays so, and one that cycles has no further.
        SequenceState advanced(long buffer) {
            if (!called || cycles || buffer == 0) {
                return this;
            }
            BigInteger wanted = BigInteger.valueOf(increment)
                    .multiply(BigInteger.valueOf(buffer))
                    .add(BigInteger.valueOf(lastValue));
            long moved = wanted.max(BigInteger.valueOf(min))
                    .min(BigInteger.valueOf(max))
                    .longValueExact();
            return new SequenceState(name, increment, min, max, cycles, moved, true);
        }
    }

    /// Sets the target's sequences to the source's state, and reads them back.
    ///
    /// @param carried which sequences are migrated
    /// @return how many there are
    public static int copy(Connection source, Connection target, Predicate<QualifiedName> carried, long buffer) {
        List<SequenceState> wanted;
        try {
            wanted = states(source, definitions(source, carried)).stream()
                    .map(state -> state.advanced(buffer))
                    .toList();
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The sequences could not be read.", refusal);
        }
        try {
            set(target, wanted);
            verify(target, wanted);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The sequences could not be set.", refusal);
        }
        return wanted.size();
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

    static List<SequenceState> states(Connection connection, List<SequenceState> definitions) throws SQLException {
        List<SequenceState> states = new ArrayList<>();
        for (int from = 0; from < definitions.size(); from += CHUNK) {
            List<SequenceState> chunk = definitions.subList(from, Math.min(from + CHUNK, definitions.size()));
            StringBuilder sql = new StringBuilder();
            for (int i = 0; i < chunk.size(); i++) {
                sql.append(i == 0 ? "" : "\nunion all\n")
                        .append("select ")
                        .append(i)
                        .append(", last_value, is_called from ")
                        .append(chunk.get(i).name().quoted());
            }
            try (Statement statement = connection.createStatement();
                    ResultSet row =
                            statement.executeQuery(sql.append("\norder by 1").toString())) {
                while (row.next()) {
                    SequenceState definition = chunk.get(row.getInt(1));
                    states.add(new SequenceState(
                            definition.name(),
                            definition.increment(),
                            definition.min(),
                            definition.max(),
                            definition.cycles(),
                            row.getLong(2),
                            row.getBoolean(3)));
                }
            }
        }
        return states;
    }

    private static void set(Connection target, List<SequenceState> wanted) throws SQLException {
        for (int from = 0; from < wanted.size(); from += CHUNK) {
            StringBuilder sql = new StringBuilder("select ");
            List<SequenceState> chunk = wanted.subList(from, Math.min(from + CHUNK, wanted.size()));
            for (int i = 0; i < chunk.size(); i++) {
                SequenceState state = chunk.get(i);
                sql.append(i == 0 ? "" : ", ")
                        .append("setval('")
                        .append(state.name().quoted().replace("'", "''"))
                        .append("'::regclass, ")
                        .append(state.lastValue())
                        .append(", ")
                        .append(state.called())
                        .append(")");
            }
            try (Statement statement = target.createStatement()) {
                statement.execute(sql.toString());
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
