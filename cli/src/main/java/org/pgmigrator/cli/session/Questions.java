package org.pgmigrator.cli.session;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.pgmigrator.core.control.Confirmation;

/// Asks the person at the terminal; the default is no.
///
/// With `--yes` the answer is yes. Without a terminal and without `--yes` it is no, and the screen says why. Questions
/// go
/// to stderr, because stdout may be JSON.
public final class Questions implements Confirmation {

    private final PrintStream err;
    private final Terminal terminal;
    private final boolean assumeYes;

    Questions(PrintStream err, Terminal terminal, boolean assumeYes) {
        this.err = err;
        this.terminal = terminal;
        this.assumeYes = assumeYes;
    }

    @Override
    public boolean confirm(String question, List<String> details) {
        details.forEach(detail -> err.println("  " + detail));
        if (assumeYes) {
            err.println(question + " yes (--yes)");
            return true;
        }
        if (!terminal.interactive()) {
            err.println(question + " no: there is no terminal to ask on. Run again with --yes to agree.");
            return false;
        }
        err.print(question + " [y/N] ");
        err.flush();
        return isYes(answer());
    }

    private static boolean isYes(String answer) {
        String word = answer.strip().toLowerCase(Locale.ROOT);
        return word.equals("y") || word.equals("yes");
    }

    /// Reads on a thread of its own: reading from a terminal does not hear an interrupt, and Ctrl+C must be heard.
    private String answer() {
        CompletableFuture<String> answer = new CompletableFuture<>();
        Thread reader = Thread.ofPlatform().daemon().name("answer").start(() -> read(answer));
        try {
            return answer.get();
        } catch (InterruptedException e) {
            reader.interrupt();
            Thread.currentThread().interrupt();
            return "";
        } catch (ExecutionException e) {
            return "";
        }
    }

    private void read(CompletableFuture<String> answer) {
        try {
            String line = terminal.input().readLine();
            answer.complete(line == null ? "" : line);
        } catch (IOException e) {
            answer.completeExceptionally(e);
        }
    }
}
