package org.pgmigrator.core.spool;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;

/// A disk that syncs only when it may, and fails when it is told to.
final class FailingDisk implements Disk {

    final Semaphore syncs = new Semaphore(0);
    volatile boolean syncFails;
    volatile boolean writeFails;

    @Override
    public Output create(Path path) throws IOException {
        Output real = Disk.REAL.create(path);
        return new Output() {
            @Override
            public void write(byte[] bytes, int length) throws IOException {
                if (writeFails) {
                    // As a full disk does: a part is written.
                    real.write(bytes, length / 2);
                    throw new IOException("No space left on device");
                }
                real.write(bytes, length);
            }

            @Override
            public void sync() throws IOException {
                syncs.acquireUninterruptibly();
                if (syncFails) {
                    throw new IOException("Input/output error");
                }
                real.sync();
            }

            @Override
            public void truncate(long length) throws IOException {
                real.truncate(length);
            }

            @Override
            public void close() throws IOException {
                real.close();
            }
        };
    }
}
