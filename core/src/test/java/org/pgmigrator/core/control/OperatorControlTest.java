package org.pgmigrator.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.control.OperatorControl.Stop;
import org.pgmigrator.core.progress.OnInterrupt;

class OperatorControlTest {

    private final OperatorControl control = new OperatorControl();

    @AfterEach
    void clearTheInterruptFlag() {
        Thread.interrupted();
    }

    @Test
    void interruptWhileCopyingStopsAndInterruptsTheWorker() {
        control.attach(() -> {});
        assertThat(control.interrupt()).isEqualTo(OnInterrupt.STOP_AND_REMOVE);
        assertThat(control.stopRequested()).contains(Stop.INTERRUPT_AND_REMOVE);
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
        control.detach();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void interruptWhileStreamingAsksForTheCutoverAndTheNextOneStops() {
        control.attach(() -> {});
        control.setOnInterrupt(OnInterrupt.CUT_OVER);
        assertThat(control.interrupt()).isEqualTo(OnInterrupt.CUT_OVER);
        assertThat(control.isCutoverRequested()).isTrue();
        assertThat(control.stopRequested()).isEmpty();
        assertThat(control.onInterrupt()).isEqualTo(OnInterrupt.STOP_NOW);
        assertThat(control.interrupt()).isEqualTo(OnInterrupt.STOP_NOW);
        assertThat(control.stopRequested()).contains(Stop.INTERRUPT_NOW);
    }

    @Test
    void aCutoverThatWasGivenUpCanBeAskedForAgain() {
        control.setOnInterrupt(OnInterrupt.CUT_OVER);
        control.interrupt();
        control.cutoverGivenUp();
        assertThat(control.isCutoverRequested()).isFalse();
        assertThat(control.interrupt()).isEqualTo(OnInterrupt.CUT_OVER);
    }

    @Test
    void terminateNeverCutsOver() {
        control.attach(() -> {});
        control.setOnInterrupt(OnInterrupt.CUT_OVER);
        control.terminate();
        assertThat(control.isCutoverRequested()).isFalse();
        assertThat(control.stopRequested()).contains(Stop.TERMINATE);
    }

    @Test
    void nothingIsHeardAfterThePointOfNoReturn() {
        control.attach(() -> {});
        assertThat(control.passPointOfNoReturn()).isTrue();
        assertThat(control.interrupt()).isEqualTo(OnInterrupt.NOTHING);
        control.terminate();
        assertThat(control.stopRequested()).isEmpty();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void aStopBeforeThePointOfNoReturnWins() {
        control.attach(() -> {});
        control.terminate();
        assertThat(control.passPointOfNoReturn()).isFalse();
    }

    @Test
    void waitingEndsWhenSomethingIsAskedFor() throws InterruptedException {
        control.setOnInterrupt(OnInterrupt.CUT_OVER);
        Thread operator = Thread.ofVirtual().start(control::interrupt);
        long started = System.nanoTime();
        control.await(Duration.ofSeconds(60));
        operator.join();
        assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(50));
        assertThat(control.isCutoverRequested()).isTrue();
    }

    @Test
    void anotherTerminalIsHeardOnlyWhereCtrlCWouldCutOver() {
        OperatorControl control = new OperatorControl();

        assertThat(control.askForCutover()).isEqualTo(OnInterrupt.STOP_AND_REMOVE);
        assertThat(control.isCutoverRequested()).isFalse();
        assertThat(control.stopRequested()).isEmpty();

        control.setOnInterrupt(OnInterrupt.CUT_OVER);
        assertThat(control.askForCutover()).isEqualTo(OnInterrupt.CUT_OVER);
        assertThat(control.isCutoverRequested()).isTrue();

        assertThat(control.askForCutover()).isEqualTo(OnInterrupt.STOP_NOW);
        assertThat(control.stopRequested()).as("asking twice is no stop").isEmpty();
    }

    @Test
    void aRehearsalIsTakenUpOnceAndCtrlCStillCutsOver() throws Exception {
        control.setOnInterrupt(OnInterrupt.CUT_OVER);
        assertThat(control.askForRehearsal()).isEqualTo(OnInterrupt.CUT_OVER);
        control.await(Duration.ofMinutes(1));
        assertThat(control.isCutoverRequested()).isFalse();
        assertThat(control.takeRehearsal()).isTrue();
        assertThat(control.takeRehearsal()).isFalse();
        assertThat(control.interrupt()).isEqualTo(OnInterrupt.CUT_OVER);
        assertThat(control.askForRehearsal()).isEqualTo(OnInterrupt.STOP_NOW);
        assertThat(control.takeRehearsal()).isFalse();
    }

    @Test
    void termPastThePointOfNoReturnCountsIfThereIsAWayBackAfterAll() {
        control.attach(() -> {});
        control.setOnInterrupt(OnInterrupt.CUT_OVER);
        control.interrupt();
        assertThat(control.passPointOfNoReturn()).isTrue();
        control.terminate();
        assertThat(control.stopRequested()).isEmpty();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();

        control.cutoverGivenUp();

        assertThat(control.stopRequested()).contains(Stop.TERMINATE);
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
    }

    @Test
    void aCutoverThatIsGivenUpInTheLastMomentCanBeStoppedAgain() {
        control.attach(() -> {});
        control.setOnInterrupt(OnInterrupt.CUT_OVER);
        control.interrupt();
        control.passPointOfNoReturn();
        assertThat(control.interrupt()).isEqualTo(OnInterrupt.NOTHING);

        control.cutoverGivenUp();

        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(control.interrupt()).isEqualTo(OnInterrupt.CUT_OVER);
        control.terminate();
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
    }
}
