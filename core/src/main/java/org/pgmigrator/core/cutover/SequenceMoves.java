package org.pgmigrator.core.cutover;

import java.math.BigInteger;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.cutover.Sequences.SequenceState;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// Moves sequences of a target that may be in use: never backwards unless that is asked for, judged by the server in
/// the
/// statement that moves, since somebody may draw a value at any moment.
///
/// Source: https://www.postgresql.org/docs/current/functions-sequence.html (setval)
public final class SequenceMoves {

    private SequenceMoves() {}

    /// What became of one sequence, each with the value that it would give next; a sequence at its end gives one beyond
    /// its limit, and so none.
    ///
    /// @param what  what was done
    /// @param from  its next value before
    /// @param to    its next value now, read back
    /// @param atEnd whether it has no further value: it stands at its limit, and does not cycle
    public record Move(QualifiedName name, What what, BigInteger from, BigInteger to, boolean atEnd) {}

    /// What was done with a sequence.
    public enum What {
        MOVED,
        /// It was where it should be.
        UNCHANGED,
        /// It is further than it should be, and values that it may have given are not given again.
        KEPT_AHEAD,
        /// Its values come again anyway: there is no further.
        CYCLES
    }

    /// What became of all of them.
    ///
    /// @param missing sequences of the source that the target does not have
    public record Result(List<Move> moves, List<QualifiedName> missing) {
        public Result {
            moves = List.copyOf(moves);
            missing = List.copyOf(missing);
        }

        public long count(What what) {
            return moves.stream().filter(move -> move.what() == what).count();
        }

        public long atEnd() {
            return moves.stream().filter(Move::atEnd).count();
        }
    }

    /// Brings the target's sequences to where the source's are, `buffer` increments further.
    ///
    /// @param carried   which sequences
    /// @param backwards also those that are further on the target
    public static Result sync(
            Connection source, Connection target, Predicate<QualifiedName> carried, long buffer, boolean backwards) {
        List<SequenceState> there = read(Side.SOURCE, source, carried);
        Map<QualifiedName, SequenceState> here = byName(read(Side.TARGET, target, carried));
        List<QualifiedName> missing = new ArrayList<>();
        List<SequenceState> wanted = new ArrayList<>();
        for (SequenceState state : there) {
            SequenceState now = here.get(state.name());
            if (now == null) {
                missing.add(state.name());
            } else {
                SequenceState goal = state.advanced(buffer);
                // The target's own direction and limits are what its next value follows from.
                wanted.add(new SequenceState(
                        now.name(),
                        now.increment(),
                        now.min(),
                        now.max(),
                        now.cycles(),
                        goal.lastValue(),
                        goal.called()));
            }
        }
        List<SequenceState> toSet = wanted.stream()
                .filter(goal -> backwards
                        ? !goal.equals(here.get(goal.name()))
                        : isBehind(Objects.requireNonNull(here.get(goal.name())), goal))
                .toList();
        execute(target, toSet.stream().map(goal -> syncSql(goal, backwards)).toList());
        return new Result(moves(target, here, wanted, toSet), missing);
    }

    /// Moves the target's sequences `increments` further, each in its own direction and up to its limit.
    public static Result advance(Connection target, Predicate<QualifiedName> carried, long increments) {
        Map<QualifiedName, SequenceState> here = byName(read(Side.TARGET, target, carried));
        List<SequenceState> wanted = here.values().stream()
                .map(state -> state.cycles() ? state : advanced(state, increments))
                .toList();
        List<SequenceState> toSet = wanted.stream()
                .filter(goal -> !goal.equals(here.get(goal.name())))
                .toList();
        execute(target, toSet.stream().map(goal -> advanceSql(goal, increments)).toList());
        return new Result(moves(target, here, wanted, toSet), List.of());
    }

    private static SequenceState advanced(SequenceState state, long increments) {
        long last = BigInteger.valueOf(state.increment())
                .multiply(BigInteger.valueOf(increments))
                .add(BigInteger.valueOf(state.lastValue()))
                .max(BigInteger.valueOf(state.min()))
                .min(BigInteger.valueOf(state.max()))
                .longValueExact();
        return new SequenceState(
                state.name(), state.increment(), state.min(), state.max(), state.cycles(), last, state.called());
    }

    private static List<SequenceState> read(Side side, Connection connection, Predicate<QualifiedName> carried) {
        try {
            return Sequences.states(connection, Sequences.definitions(connection, carried));
        } catch (SQLException refusal) {
            throw SqlState.toException(side, "The sequences could not be read.", refusal);
        }
    }

    private static Map<QualifiedName, SequenceState> byName(List<SequenceState> states) {
        Map<QualifiedName, SequenceState> result = new HashMap<>();
        states.forEach(state -> result.put(state.name(), state));
        return result;
    }

    private static BigInteger next(SequenceState state) {
        return BigInteger.valueOf(state.lastValue()).add(BigInteger.valueOf(state.called() ? state.increment() : 0));
    }

    private static boolean isBehind(SequenceState state, SequenceState goal) {
        int order = next(state).compareTo(next(goal));
        return goal.increment() > 0 ? order < 0 : order > 0;
    }

    private static boolean isAtEnd(SequenceState state) {
        BigInteger next = next(state);
        return !state.cycles()
                && (next.compareTo(BigInteger.valueOf(state.max())) > 0
                        || next.compareTo(BigInteger.valueOf(state.min())) < 0);
    }

    private static String syncSql(SequenceState goal, boolean backwards) {
        String behind = backwards
                ? ""
                : " where last_value::numeric + case when is_called then " + goal.increment() + " else 0 end "
                        + (goal.increment() > 0 ? "<" : ">") + " " + next(goal);
        return "select setval('" + literal(goal) + "'::regclass, " + goal.lastValue() + ", " + goal.called() + ") from "
                + goal.name().quoted() + behind;
    }

    private static String advanceSql(SequenceState goal, long increments) {
        BigInteger distance = BigInteger.valueOf(goal.increment()).multiply(BigInteger.valueOf(increments));
        return "select setval('" + literal(goal) + "'::regclass, greatest(" + goal.min() + ", least(" + goal.max()
                + ", last_value::numeric + " + distance + "))::int8, is_called) from "
                + goal.name().quoted();
    }

    private static String literal(SequenceState state) {
        return state.name().quoted().replace("'", "''");
    }

    private static void execute(Connection target, List<String> selects) {
        try (Statement statement = target.createStatement()) {
            for (int from = 0; from < selects.size(); from += Sequences.CHUNK) {
                statement.execute(String.join(
                        "\nunion all\n", selects.subList(from, Math.min(from + Sequences.CHUNK, selects.size()))));
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The sequences could not be set.", refusal);
        }
    }

    /// Reads back and judges: the sequences of `wanted`, sorted by name.
    private static List<Move> moves(
            Connection target,
            Map<QualifiedName, SequenceState> before,
            List<SequenceState> wanted,
            List<SequenceState> set) {
        Map<QualifiedName, SequenceState> goals = byName(wanted);
        Map<QualifiedName, SequenceState> moved = byName(set);
        List<Move> moves = new ArrayList<>();
        for (SequenceState now : read(Side.TARGET, target, goals::containsKey)) {
            SequenceState was = Objects.requireNonNull(before.get(now.name()));
            SequenceState goal = Objects.requireNonNull(goals.get(now.name()));
            if (!now.cycles() && isBehind(now, goal)) {
                throw new MigrationException(Failure.of(
                        FailureKind.VERIFICATION_MISMATCH,
                        "Sequence " + now.name() + " on the target is not where it was set to.",
                        "its next value should be " + next(goal) + " or further, and is " + next(now)));
            }
            moves.add(new Move(
                    now.name(),
                    moved.containsKey(now.name()) ? What.MOVED : untouched(was, goal),
                    next(was),
                    next(now),
                    isAtEnd(now)));
        }
        return moves;
    }

    private static What untouched(SequenceState was, SequenceState goal) {
        if (!next(was).equals(next(goal))) {
            return What.KEPT_AHEAD;
        }
        return was.cycles() ? What.CYCLES : What.UNCHANGED;
    }
}
