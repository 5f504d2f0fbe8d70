package org.pgmigrator.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pgmigrator.cli.render.Wording;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.progress.OnInterrupt;

class DemoControlTest {

    private final List<String> done = new ArrayList<>();
    private final DemoControl control = new DemoControl(() -> done.add("before the cutover"));

    @AfterEach
    void forgetTheInterrupt() {
        Thread.interrupted();
    }

    @Test
    void beforeTheMigrationCtrlCEndsTheDemo() {
        assertThat(control.interrupt()).isEqualTo(OnInterrupt.END);

        assertThat(Thread.currentThread().isInterrupted()).isTrue();
        assertThatThrownBy(() -> control.during(() -> done.add("migrated")))
                .isInstanceOfSatisfying(
                        MigrationException.class,
                        e -> assertThat(e.failure().kind()).isEqualTo(FailureKind.STOPPED_BY_INTERRUPT));
        assertThat(done).isEmpty();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void whenTheMigrationIsOverCtrlCEndsTheDemoAndHasNothingToUndo() {
        control.during(() -> assertThat(control.onInterrupt()).isEqualTo(OnInterrupt.STOP_AND_REMOVE));

        assertThat(Wording.inFull(control.onInterrupt()))
                .contains("end the demo", "Both servers and all its files are removed")
                .doesNotContain("source", "created");
    }

    @Test
    void termEndsTheDemoWithItsOwnExitCode() {
        control.terminate();

        assertThatThrownBy(control::requireNotStopped)
                .isInstanceOfSatisfying(
                        MigrationException.class,
                        e -> assertThat(e.failure().kind()).isEqualTo(FailureKind.STOPPED_BY_TERMINATE));
    }

    @Test
    void whatComesBeforeTheCutoverIsDoneBeforeItIsAskedFor() {
        DemoControl asking = new DemoControl(() -> done.add("before the cutover"));
        asking.during(() -> {
            asking.cutOver();
            done.add("next Ctrl+C: " + asking.onInterrupt());
        });

        assertThat(done).containsExactly("before the cutover", "next Ctrl+C: STOP_NOW");
    }

    @Test
    void whileTheMigrationCopiesCtrlCIsTheMigrations() {
        control.during(() -> {
            assertThat(control.interrupt()).isEqualTo(OnInterrupt.STOP_AND_REMOVE);
            done.add("copied");
        });

        assertThat(done).containsExactly("copied");
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        control.requireNotStopped();
    }
}
