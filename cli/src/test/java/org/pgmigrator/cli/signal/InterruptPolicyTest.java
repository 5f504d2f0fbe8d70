package org.pgmigrator.cli.signal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.progress.OnInterrupt;
import org.pgmigrator.core.progress.ProgressEvent;

class InterruptPolicyTest {

    private final List<String> screen = new ArrayList<>();
    private final AtomicInteger halts = new AtomicInteger();
    private final ScriptedTarget target = new ScriptedTarget();
    private final InterruptPolicy policy = new InterruptPolicy(
            target,
            event -> screen.add(((ProgressEvent.Notice) event).text()),
            List.of("on the source: the slot"),
            halts::incrementAndGet);

    @Test
    void whileCopyingThePressSaysThatEverythingIsRemoved() {
        policy.interrupted();

        assertThat(screen)
                .containsExactly("Ctrl+C: stopping, and removing what was created on both sides. The source goes "
                        + "on serving.");
    }

    @Test
    void theCutoversPressSaysWhatTheNextOneDoes() {
        target.meaning = OnInterrupt.CUT_OVER;

        policy.interrupted();

        assertThat(screen).containsExactly("Ctrl+C: cutting over. The next one gives the cutover up.");
    }

    @Test
    void aSecondPressDuringTheCutoverStops() {
        target.meaning = OnInterrupt.CUT_OVER;
        policy.interrupted();
        target.meaning = OnInterrupt.STOP_NOW;
        policy.interrupted();

        assertThat(screen.getLast()).startsWith("Ctrl+C: giving up the cutover and stopping now.");
        assertThat(halts).hasValue(0);
    }

    @Test
    void furtherPressesSayWhatIsWaitedForAndTheFifthEndsTheProcess() {
        for (int press = 1; press < InterruptPolicy.PRESSES_TO_HALT; press++) {
            policy.interrupted();
            assertThat(halts).hasValue(0);
        }
        assertThat(screen.get(1))
                .startsWith("Ctrl+C: already stopping; waiting for ")
                .contains("Pressed 3 more times");
        assertThat(screen.get(3)).contains("Pressed 1 more time,");

        policy.interrupted();

        assertThat(halts).hasValue(1);
        assertThat(screen.getLast()).contains("ended at once", "on the source: the slot");
    }

    @Test
    void afterTheTargetIsOpenAPressChangesNothing() {
        target.meaning = OnInterrupt.NOTHING;

        policy.interrupted();
        policy.terminated("TERM");

        assertThat(screen.getFirst()).contains("changes nothing any more");
        assertThat(screen.getLast()).startsWith("TERM: the target is open already");
    }

    @Test
    void termStopsWithoutACutover() {
        target.meaning = OnInterrupt.CUT_OVER;

        policy.terminated("TERM");

        assertThat(target.terminations).isEqualTo(1);
        assertThat(target.interrupts).isZero();
        assertThat(screen).singleElement().asString().startsWith("TERM: stopping in order, without a cutover.");
    }

    @Test
    void termWhileCopyingPromisesNoResume() {
        policy.terminated("HUP");

        assertThat(screen).containsExactly("HUP: stopping in order. The source goes on serving.");
    }

    @Test
    void theMigrationsControlIsTheUsualTarget() {
        OperatorControl control = new OperatorControl();
        SignalTarget ofControl = SignalTarget.of(control);

        assertThat(ofControl.onInterrupt()).isEqualTo(OnInterrupt.STOP_AND_REMOVE);
        control.requestCutover();
        assertThat(ofControl.interrupt()).isEqualTo(OnInterrupt.STOP_NOW);
    }

    @Test
    void aRealSignalArrives() throws Exception {
        // USR2 and not INT: the test's own process is the one that is signalled.
        AtomicInteger arrivals = new AtomicInteger();
        try (HandledSignal signal = HandledSignal.take("USR2", arrivals::incrementAndGet)) {
            assertThat(signal.isIgnored()).isFalse();
            new ProcessBuilder(
                            "kill",
                            "-USR2",
                            String.valueOf(ProcessHandle.current().pid()))
                    .start()
                    .waitFor();
            Awaitility.await().untilAsserted(() -> assertThat(arrivals).hasValue(1));
        }
    }

    /// A migration that is in whatever state the test says.
    private static final class ScriptedTarget implements SignalTarget {
        private OnInterrupt meaning = OnInterrupt.STOP_AND_REMOVE;
        private int interrupts;
        private int terminations;

        @Override
        public OnInterrupt onInterrupt() {
            return meaning;
        }

        @Override
        public OnInterrupt interrupt() {
            interrupts++;
            return meaning;
        }

        @Override
        public void terminate() {
            terminations++;
        }
    }
}
