package org.pgmigrator.sandbox.server;

import java.io.IOException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Starts every child process from one thread that lives as long as the JVM.
///
/// Linux sends a child's parent-death signal when the thread that started it ends, not when the process does: started
/// from a caller's thread, a server would stop with that thread.
final class Launcher {

    private static final ExecutorService THREAD = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("sandbox-launcher").factory());

    private Launcher() {}

    static Process start(ProcessBuilder builder) {
        try {
            return THREAD.submit(builder::start).get();
        } catch (ExecutionException e) {
            String program = builder.command().getFirst();
            if (e.getCause() instanceof IOException cause) {
                throw new SandboxException("cannot run " + program + ": " + cause.getMessage(), cause);
            }
            throw new SandboxException("cannot run " + program, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException(
                    "interrupted while starting " + builder.command().getFirst(), e);
        }
    }
}
