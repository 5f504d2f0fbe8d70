package org.pgmigrator.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.pgmigrator.core.apply.Progress;
import org.pgmigrator.core.apply.SlotIdentity;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.decoder.Lsn;

/// pg-migrator's receiver and applier, in a JVM of their own with the launcher's options: its
/// warm-up counts, from the start of the stream.
///
/// @param heap as for `-Xmx`
record Migrator(String name, ApplyConfig config, String heap) implements Contender {

    private static final int END_LIMIT_SECONDS = 60;

    @Override
    public Applying prepare(Run run) throws SQLException, IOException {
        Lsn start = Lsn.parse(run.source()
                .value(
                        run.sourceDatabase(),
                        "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '" + run.slot() + "'"));
        run.target().execute(run.targetDatabase(), "CREATE SCHEMA pgmigrator");
        try (Connection target = run.target().connect(run.targetDatabase())) {
            Progress.createTable(target);
            Progress.initialise(target, ApplyProcess.SUBSCRIPTION, new SlotIdentity("bench", 1, run.slot(), start));
        }
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:NewRatio=1",
                        "-Xmx" + heap,
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ApplyProcess.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Running running = new Running(process);
        try {
            // By standard input, for they hold passwords.
            running.tell(run.source().uri(run.sourceDatabase()));
            running.tell(run.target().uri(run.targetDatabase()));
            running.tell(run.slot());
            running.tell(config.mode().name());
            running.tell(Integer.toString(config.lanes()));
            running.tell(config.wireFormat().name());
            running.tell(Long.toString(config.decodingMemory().orElse(0)));
            running.awaitReady();
            return running;
        } catch (RuntimeException | IOException failed) {
            process.destroyForcibly();
            throw failed;
        }
    }

    private static final class Running implements Applying {

        private final Process process;
        private final PrintWriter input;
        private final BufferedReader output;

        Running(Process process) {
            this.process = process;
            this.input = new PrintWriter(process.getOutputStream(), false, StandardCharsets.UTF_8);
            this.output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        }

        void tell(String line) {
            input.println(line);
            input.flush();
        }

        void awaitReady() throws IOException {
            String answer = output.readLine();
            if (!ApplyProcess.READY.equals(answer)) {
                throw new BenchException("the migrator did not start: " + answer);
            }
        }

        @Override
        public void go() {
            tell(ApplyProcess.GO);
        }

        @Override
        public void requireAlive() {
            if (!process.isAlive()) {
                throw new BenchException("the migrator has ended with " + process.exitValue() + ", see above");
            }
        }

        /// The lane that has the last transaction's table is not the last to commit.
        @Override
        public String whenDone() {
            return "SELECT 1 FROM " + Backlog.END_TABLE
                    + " WHERE (SELECT count(DISTINCT applied_end_lsn) = 1 FROM pgmigrator.progress)";
        }

        @Override
        public OptionalLong process() {
            return OptionalLong.of(process.pid());
        }

        @Override
        public OptionalLong allocatedBytes() throws IOException {
            tell(ApplyProcess.MEASURE);
            String answer = output.readLine();
            if (answer == null) {
                throw new BenchException("the migrator has ended, see above");
            }
            return OptionalLong.of(Long.parseLong(answer));
        }

        @Override
        public void close() throws IOException {
            // The end of its input tells it to stop.
            input.close();
            List<String> rest = output.readAllLines();
            if (!hasEnded()) {
                process.destroyForcibly();
                throw new BenchException("the migrator did not end within " + END_LIMIT_SECONDS + " s");
            }
            if (process.exitValue() != 0) {
                throw new BenchException("the migrator has failed: " + rest);
            }
        }

        private boolean hasEnded() {
            try {
                return process.waitFor(END_LIMIT_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }
}
