package org.pgmigrator.cli.demo;

import java.time.Duration;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.sandbox.server.Servers;
import picocli.CommandLine.Option;

/// What can be chosen about the demo.
final class DemoOptions {

    static final int DEFAULT_ROWS = 100_000;
    static final int DEFAULT_RATE = 200;
    static final int DEFAULT_SECONDS = 5;

    @Option(
            names = "--auto",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description =
                    "Cut over without an operator, also on a terminal. Default: false; without a terminal always.")
    private boolean auto;

    @Option(
            names = "--seconds",
            paramLabel = "<seconds>",
            description = "How long the caught-up target is shown before the cutover without an operator; seconds. "
                    + "Default: " + DEFAULT_SECONDS + ".")
    private int seconds = DEFAULT_SECONDS;

    @Option(
            names = "--rows",
            paramLabel = "<number>",
            description = "Rows of the database at the start, about. Default: " + DEFAULT_ROWS + ".")
    private int rows = DEFAULT_ROWS;

    @Option(
            names = "--rate",
            paramLabel = "<number>",
            description = "Transactions a second that the application writes; 0 for as many as it can. Default: "
                    + DEFAULT_RATE + ".")
    private int rate = DEFAULT_RATE;

    @Option(
            names = "--source-major",
            paramLabel = "<14..18>",
            description = "Version of the source. Default: one that the installed pg_dump can read.")
    private @Nullable Integer sourceMajor;

    @Option(
            names = "--target-major",
            paramLabel = "<14..18>",
            description = "Version of the target. Default: 17, or 18 for a source of 17.")
    private @Nullable Integer targetMajor;

    boolean auto() {
        return auto;
    }

    Duration pause() {
        return Duration.ofSeconds(seconds);
    }

    int rate() {
        return rate;
    }

    /// The shop has about six rows for each customer.
    int customers() {
        return Math.max(1, rows / 6);
    }

    OptionalInt sourceMajor() {
        return optional(sourceMajor);
    }

    OptionalInt targetMajor() {
        return optional(targetMajor);
    }

    /// @throws IllegalArgumentException if a value is not possible; the message begins with the option's name
    void requireValid() {
        require(seconds >= 0 && seconds <= 3600, "--seconds must be 0 to 3600, not " + seconds);
        require(rows >= 1 && rows <= 100_000_000, "--rows must be 1 to 100000000, not " + rows);
        require(rate >= 0, "--rate must not be negative");
        requireMajor("--source-major", sourceMajor());
        requireMajor("--target-major", targetMajor());
        require(
                sourceMajor().isEmpty()
                        || targetMajor().isEmpty()
                        || sourceMajor().getAsInt() <= targetMajor().getAsInt(),
                "--target-major must not be older than --source-major");
    }

    private static void requireMajor(String option, OptionalInt major) {
        require(
                major.isEmpty() || Servers.MAJORS.contains(major.getAsInt()),
                option + " must be one of " + Servers.MAJORS);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    private static OptionalInt optional(@Nullable Integer value) {
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }
}
