package org.pgmigrator.bench.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PlanTest {

    private static final Map<Fault, Integer> COUNTS = Map.of(Fault.KILL, 40, Fault.CUT, 20, Fault.SOURCE_CRASH, 3);

    private static List<Strike> all(Plan plan) {
        List<Strike> strikes = new ArrayList<>();
        while (!plan.isDone()) {
            strikes.add(plan.next(strikes.size() % 10 == 0));
        }
        return strikes;
    }

    @Test
    void everythingThatWasAskedForIsStruckThatOften() {
        List<Strike> strikes = all(new Plan(7, COUNTS));

        COUNTS.forEach((fault, count) -> assertThat(strikes)
                .filteredOn(strike -> strike.fault() == fault)
                .hasSize(count));
        assertThat(strikes).hasSize(63);
        assertThat(strikes).extracting(Strike::when).contains(When.values());
    }

    @Test
    void theSameSeedPlansTheSameAndAnotherOneAnother() {
        assertThat(all(new Plan(7, COUNTS))).isEqualTo(all(new Plan(7, COUNTS)));
        assertThat(all(new Plan(8, COUNTS))).isNotEqualTo(all(new Plan(7, COUNTS)));
    }

    @Test
    void nothingIsStruckInACopyThatIsDone() {
        Plan plan = new Plan(7, COUNTS);
        while (!plan.isDone()) {
            assertThat(plan.next(false).when()).isNotEqualTo(When.COPY);
        }
    }
}
