package org.pgmigrator.sandbox.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// What a short-lived program said: its exit code, and stdout and stderr together.
record ProcessOutput(int exitCode, String text) {

    private static final long DEADLINE_SECONDS = 60;

    boolean isSuccess() {
        return exitCode == 0;
    }

    static ProcessOutput of(List<String> command) {
        return of(new ProcessBuilder(command));
    }

    static ProcessOutput of(ProcessBuilder builder) {
        Process process = Launcher.start(builder.redirectErrorStream(true));
        try {
            process.getOutputStream().close();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                throw new SandboxException(builder.command().getFirst() + " did not end: " + text);
            }
            return new ProcessOutput(process.exitValue(), text);
        } catch (IOException e) {
            throw new SandboxException("cannot read from " + builder.command().getFirst(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException(
                    "interrupted while waiting for " + builder.command().getFirst(), e);
        } finally {
            process.destroyForcibly();
        }
    }
}
