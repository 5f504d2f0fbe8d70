package org.pgmigrator.bench;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.pgmigrator.decoder.Framing;
import org.pgmigrator.decoder.PgOutputDecoder;
import org.pgmigrator.decoder.PgOutputMessage;

/// One change of a table of eight columns, from its bytes to its message: nanoseconds and, by the gc profiler, bytes
/// that
/// are allocated for it.
///
/// Formats: https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 2, jvmArgs = "-XX:+UseSerialGC")
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class DecodeBenchmark {

    private static final int RELATION = 16_384;

    private static final List<String> ROW = List.of(
            "1234567",
            "11",
            "38271577",
            "name of 1234567",
            "user1234567@example.org",
            "33509.57",
            "2026-01-15 06:56:07+00",
            "f");

    private final ByteBuffer insert = ByteBuffer.wrap(message('I', 'N'));
    private final ByteBuffer update = ByteBuffer.wrap(message('U', 'N'));
    private final ByteBuffer delete = ByteBuffer.wrap(message('D', 'K'));

    private static byte[] message(char type, char tuple) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(type);
            out.writeInt(RELATION);
            out.writeByte(tuple);
            out.writeShort(ROW.size());
            for (String value : ROW) {
                // Of an old row only the key is there.
                if (tuple == 'K' && !value.equals(ROW.getFirst())) {
                    out.writeByte('n');
                    continue;
                }
                out.writeByte('t');
                out.writeInt(value.length());
                out.write(value.getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException impossible) {
            throw new IllegalStateException(impossible);
        }
        return bytes.toByteArray();
    }

    /// A row as a backlog of inserts has it.
    @Benchmark
    public PgOutputMessage insert() {
        return PgOutputDecoder.decode(insert.rewind(), Framing.TOP_LEVEL);
    }

    /// An update that leaves the key alone.
    @Benchmark
    public PgOutputMessage update() {
        return PgOutputDecoder.decode(update.rewind(), Framing.TOP_LEVEL);
    }

    /// A delete by the key.
    @Benchmark
    public PgOutputMessage delete() {
        return PgOutputDecoder.decode(delete.rewind(), Framing.TOP_LEVEL);
    }

    /// Runs all of them; JMH's own options are taken, too.
    public static void main(String[] arguments) throws RunnerException, CommandLineOptionException {
        new Runner(new OptionsBuilder()
                        .parent(new CommandLineOptions(arguments))
                        .include(DecodeBenchmark.class.getName())
                        .addProfiler(GCProfiler.class)
                        .build())
                .run();
    }
}
