package org.pgmigrator.core.cutover;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.cutover.LockBlocker.Kind;

class LockBlockerTest {

    @Test
    void aTransactionOfMillisecondsPassesByItselfAndIsNoCulprit() {
        assertThat(blocker(Kind.CLIENT, "active", Optional.of(Duration.ofMillis(900)))
                        .isPassing())
                .isTrue();
        assertThat(blocker(Kind.CLIENT, "idle in transaction", Optional.of(Duration.ofSeconds(1)))
                        .isPassing())
                .isFalse();
    }

    @Test
    void aSessionWhoseTransactionHasJustEndedPassesButOneThatIsHiddenMayBeAnything() {
        assertThat(blocker(Kind.CLIENT, "idle", Optional.empty()).isPassing()).isTrue();
        assertThat(blocker(Kind.HIDDEN, "", Optional.empty()).isPassing()).isFalse();
        assertThat(blocker(Kind.PREPARED, "", Optional.of(Duration.ZERO)).isPassing())
                .isFalse();
    }

    private static LockBlocker blocker(Kind kind, String state, Optional<Duration> age) {
        return new LockBlocker(
                kind, OptionalInt.of(1), "app", "psql", state, age, Optional.empty(), List.of("public.t"), "1/1");
    }
}
