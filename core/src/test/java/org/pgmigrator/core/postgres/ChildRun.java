package org.pgmigrator.core.postgres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// One run of a client program against a [Database], as the product starts its children.
record ChildRun(int exitCode, String output) {

    static ChildRun of(Database database, String program, String... arguments) {
        try {
            Process process = start(database, program, arguments);
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new ChildRun(process.waitFor(), output.strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    static Process start(Database database, String program, String... arguments) throws IOException {
        ChildConnection child = database.forChildProcess();
        List<String> command = new ArrayList<>(List.of(program, "--no-password", "--dbname=" + child.conninfo()));
        if (program.equals("psql")) {
            command.add("--no-psqlrc");
        }
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        child.applyTo(builder.environment());
        return builder.start();
    }
}
