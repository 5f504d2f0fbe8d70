package org.pgmigrator.bench.faults;

import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.bench.BenchException;
import org.pgmigrator.sandbox.compare.SequenceRule;
import org.pgmigrator.sandbox.workload.Turmoil;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// One migration of a database that is written to, from its start through everything that is broken to the proof.
/// Confined to one thread.
final class Round implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final Duration POLL = Duration.ofMillis(20);

    /// What a run may end with when a server, a session or a connection has failed.
    private static final Set<Integer> FAILED_BY_OTHERS = Set.of(4, 5, 6, 8);

    private static final int MOST_RUNS_WITHOUT_A_STRIKE = 6;

    private final Scene scene;
    private final Path launcher;
    private final Path folder;
    private final String database;
    private final List<String> options;
    private final Turmoil application;
    private final Plan plan;
    private final Tallies tallies;
    private final PrintStream out;
    private @Nullable Migrator current;
    private @Nullable Fault last;
    private int beats;
    private int runsWithoutStrike;
    private boolean over;
    private boolean crashedAtItsEnd;

    Round(
            Scene scene,
            Path launcher,
            Path folder,
            String database,
            List<String> options,
            Turmoil application,
            Plan plan,
            Tallies tallies,
            PrintStream out) {
        this.scene = scene;
        this.launcher = launcher;
        this.folder = folder;
        this.database = database;
        this.options = options;
        this.application = application;
        this.plan = plan;
        this.tallies = tallies;
        this.out = out;
    }

    /// @param strikes the most of this migration
    /// @param until   no further strike after this, in terms of `System.nanoTime()`
    void run(int strikes, long until, WorkloadRun writing) throws InterruptedException, SQLException {
        start(false);
        int done = 0;
        while (!over && done < strikes && !plan.isDone() && System.nanoTime() < until) {
            Strike strike = plan.next(migrator().isCopying());
            if (await(strike)) {
                strike(strike);
                done++;
            }
        }
        while (!over) {
            reachCutover();
            awaitWhile(Duration.ofMinutes(2), () -> migrator().phase().equals("Cutover"));
        }
        long committed = writing.stop().committed();
        long rows = scene.prove(
                database, crashedAtItsEnd ? SequenceRule.NOT_BEHIND_BEFORE_A_CRASH : SequenceRule.NOT_BEHIND);
        tallies.countMigration(rows, committed);
        say("equal: %,d rows, %,d transactions of the application, %d strikes", rows, committed, done);
    }

    private Migrator migrator() {
        if (current == null) {
            throw new IllegalStateException("not started");
        }
        return current;
    }

    private void start(boolean resume) {
        List<String> arguments = new ArrayList<>(List.of(
                "migrate",
                "--json",
                "--yes",
                "--slot-name=" + database,
                "--without-identity=full",
                "--cutover-poll-secs=1",
                "--max-outage=5m"));
        arguments.addAll(options);
        if (resume) {
            arguments.add("--resume");
        }
        application.copied(false);
        current = Migrator.start(launcher, folder, scene.environment(database), arguments);
    }

    /// Waits for the strike's moment.
    ///
    /// @return false if the migration is over before
    private boolean await(Strike strike) throws InterruptedException, SQLException {
        switch (strike.when()) {
            case COPY -> reach(Set.of("PrepareSnapshot", "Dump", "Restore", "StreamApply", "CaughtUp"));
            case STREAM -> reach(Set.of("StreamApply", "CaughtUp"));
            case CUTOVER -> reachCutover();
        }
        if (over) {
            return false;
        }
        Thread.sleep(strike.delay());
        goOnIfEnded();
        return !over;
    }

    private void reach(Set<String> phases) throws InterruptedException, SQLException {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (!over && !phases.contains(migrator().phase())) {
            requireBefore(until, "one of the phases " + phases);
            Thread.sleep(POLL);
            goOnIfEnded();
        }
        application.copied(!migrator().isCopying());
    }

    /// Asks for the cutover as from another terminal, until it has begun.
    private void reachCutover() throws InterruptedException, SQLException {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (!over && !migrator().phase().equals("Cutover")) {
            reach(Set.of("CaughtUp", "Cutover"));
            requireBefore(until, "the cutover");
            if (!over && !migrator().phase().equals("Cutover")) {
                migrator().signal("INT");
                awaitWhile(Duration.ofSeconds(10), () -> !migrator().phase().equals("Cutover"));
            }
        }
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds();
    }

    private void awaitWhile(Duration limit, Condition condition) throws InterruptedException, SQLException {
        long until = System.nanoTime() + limit.toNanos();
        while (!over && condition.holds() && System.nanoTime() < until) {
            Thread.sleep(POLL);
            goOnIfEnded();
        }
    }

    private void requireBefore(long until, String what) {
        if (System.nanoTime() > until) {
            throw new BenchException(what + " was not reached within " + PATIENCE.toMinutes() + " minutes:\n"
                    + migrator().told());
        }
    }

    private void strike(Strike strike) throws InterruptedException, SQLException {
        String phase = migrator().phase();
        tallies.count(strike.fault(), phase);
        last = strike.fault();
        runsWithoutStrike = 0;
        long began = System.nanoTime();
        scene.strike(strike.fault(), migrator(), database, plan.random());
        recover(phase);
        crashedAtItsEnd = over && strike.fault() == Fault.SOURCE_CRASH;
        say(
                "%4d of %d  %-14s in %-12s %5.1f s  %s",
                plan.done(),
                plan.size(),
                strike.fault().title(),
                phase,
                (System.nanoTime() - began) / 1e9,
                over ? "the migration is complete" : "goes on in " + migrator().phase());
    }

    /// Until a row that is written now has come over, or the copy or the cutover go their way.
    private void recover(String struckIn) throws InterruptedException, SQLException {
        goOnIfEnded();
        if (struckIn.equals("Cutover")) {
            awaitWhile(Duration.ofMinutes(2), () -> migrator().phase().equals("Cutover"));
        }
        long until = System.nanoTime() + PATIENCE.toNanos();
        int beat = ++beats;
        boolean sent = false;
        while (!over && !migrator().isCopying() && !scene.hasBeat(database, beat)) {
            requireBefore(until, "the application's next row");
            sent = sent || scene.beat(database, beat);
            Thread.sleep(POLL);
            goOnIfEnded();
        }
    }

    /// Starts it again where it has ended, and finds out whether the migration is over.
    private void goOnIfEnded() throws InterruptedException, SQLException {
        Migrator ended = migrator();
        if (over || ended.isAlive()) {
            return;
        }
        ended.awaitEnd(PATIENCE);
        int code = ended.exitCode();
        boolean remembered = scene.isRemembered(database);
        if (code == 0 || (!remembered && scene.isFenced(database))) {
            over = true;
            return;
        }
        boolean killed = code == 137 && last == Fault.KILL;
        if (!killed && !FAILED_BY_OTHERS.contains(code)) {
            throw new BenchException("the program has ended with " + code + ":\n" + ended.told());
        }
        if (++runsWithoutStrike > MOST_RUNS_WITHOUT_A_STRIKE) {
            throw new BenchException("it ends again and again, at last with " + code + ":\n" + ended.told());
        }
        if (!killed && last != null) {
            tallies.countResumed(last);
            say("  ended with %d: %s", code, ended.failure());
        }
        start(remembered);
    }

    private void say(String format, Object... parts) {
        out.printf(Locale.ROOT, format + "%n", parts);
    }

    @Override
    public void close() {
        if (current != null) {
            current.close();
        }
    }
}
