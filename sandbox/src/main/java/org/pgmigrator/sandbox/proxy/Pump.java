package org.pgmigrator.sandbox.proxy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.LongAdder;

/// One direction of one connection. A reader and a writer, with a queue between them: a delay must hold each byte back
/// without slowing down the flow.
final class Pump {

    private static final int CHUNK_SIZE = 16 * 1024;

    /// Bounds the memory, as a network's buffers do; a megabyte on the way allows 10 MB/s at 100 ms of delay.
    private static final int MOST_CHUNKS = 64;

    /// @param bytes empty for the end of the stream
    private record Chunk(ByteBuffer bytes, long receivedAt) {}

    private final BlockingQueue<Chunk> queue = new ArrayBlockingQueue<>(MOST_CHUNKS);
    private final Socket from;
    private final Socket to;
    private final List<Faults> faults;
    private final LongAdder passed;
    private final Runnable onFailure;

    /// @param passed counts the bytes that were handed on
    /// @param onFailure called when either end is lost
    Pump(Socket from, Socket to, List<Faults> faults, LongAdder passed, Runnable onFailure) {
        this.from = from;
        this.to = to;
        this.faults = List.copyOf(faults);
        this.passed = passed;
        this.onFailure = onFailure;
    }

    void read() {
        try {
            InputStream input = from.getInputStream();
            byte[] buffer = new byte[CHUNK_SIZE];
            int length = input.read(buffer);
            while (length >= 0) {
                queue.put(new Chunk(ByteBuffer.wrap(Arrays.copyOf(buffer, length)), System.nanoTime()));
                length = input.read(buffer);
            }
            queue.put(new Chunk(ByteBuffer.allocate(0), System.nanoTime()));
        } catch (IOException e) {
            onFailure.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void write() {
        try {
            OutputStream output = to.getOutputStream();
            Chunk chunk = queue.take();
            while (chunk.bytes().hasRemaining()) {
                send(chunk, output);
                chunk = queue.take();
            }
            awaitPassage(chunk);
            to.shutdownOutput();
        } catch (IOException e) {
            onFailure.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send(Chunk chunk, OutputStream output) throws IOException, InterruptedException {
        ByteBuffer bytes = chunk.bytes();
        while (bytes.hasRemaining()) {
            awaitPassage(chunk);
            int length = bytes.remaining();
            for (Faults each : faults) {
                length = each.portion(length);
            }
            byte[] portion = new byte[length];
            bytes.get(portion);
            output.write(portion);
            passed.add(portion.length);
        }
    }

    private void awaitPassage(Chunk chunk) throws InterruptedException {
        for (Faults each : faults) {
            each.awaitPassage(chunk.receivedAt());
        }
    }
}
