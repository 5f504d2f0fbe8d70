package org.pgmigrator.cli.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedReader;
import java.io.PipedWriter;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuestionsTest {

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

    private boolean ask(Terminal terminal, boolean assumeYes) {
        return new Questions(new PrintStream(shown, true, StandardCharsets.UTF_8), terminal, assumeYes)
                .confirm("Drop them?", List.of("table a", "table b"));
    }

    private static Terminal typing(String text) {
        return new Terminal(true, new BufferedReader(new StringReader(text)));
    }

    @ParameterizedTest
    @CsvSource({"'y\n',true", "'YES\n',true", "'\n',false", "'n\n',false", "'yep\n',false", "'',false"})
    void onlyYesIsYes(String typed, boolean expected) {
        assertThat(ask(typing(typed), false)).isEqualTo(expected);
        assertThat(shown.toString(StandardCharsets.UTF_8)).isEqualTo("  table a\n  table b\nDrop them? [y/N] ");
    }

    @Test
    void withoutATerminalTheAnswerIsNoAndTheScreenSaysWhy() {
        assertThat(ask(Terminal.none(), false)).isFalse();
        assertThat(shown.toString(StandardCharsets.UTF_8))
                .contains("table a")
                .endsWith("Drop them? no: there is no terminal to ask on. Run again with --yes to agree.\n");
    }

    @Test
    void theOptionYesAnswersAlsoWithoutATerminal() {
        assertThat(ask(Terminal.none(), true)).isTrue();
        assertThat(shown.toString(StandardCharsets.UTF_8)).contains("table b").endsWith("Drop them? yes (--yes)\n");
    }

    @Test
    void anInterruptEndsTheWaitWithNo() throws IOException, InterruptedException {
        try (PipedReader silent = new PipedReader(new PipedWriter())) {
            AtomicReference<Boolean> answer = new AtomicReference<>();
            AtomicReference<Boolean> stillInterrupted = new AtomicReference<>();
            Thread asking = Thread.ofPlatform().start(() -> {
                answer.set(ask(new Terminal(true, new BufferedReader(silent)), false));
                stillInterrupted.set(Thread.currentThread().isInterrupted());
            });
            Awaitility.await().until(() -> shown.size() > 30);
            asking.interrupt();
            asking.join(10_000);

            assertThat(answer.get()).isFalse();
            assertThat(stillInterrupted.get()).isTrue();
        }
    }
}
