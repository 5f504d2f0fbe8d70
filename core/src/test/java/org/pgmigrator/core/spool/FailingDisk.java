package org.pgmigrator.core.spool;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/// A disk that syncs only when it may, and fails when it is told to.
final class FailingDisk implements Disk {

    final Semaphore syncs = new Semaphore(0);
    volatile boolean syncFails;
    volatile boolean writeFails;
    volatile String writeFailure = "No space left on device";

    /// Only for files of transactions in progress.
    volatile boolean writeInProgressFails;

    /// What has been made of each file, in the order of their creation.
    final List<Written> files = new CopyOnWriteArrayList<>();

    /// @param path when it was created
    record Written(Path path, AtomicLong length, AtomicLong synced) {}

    @Override
    public Output create(Path path) throws IOException {
        Output real = Disk.REAL.create(path);
        Written file = new Written(path, new AtomicLong(), new AtomicLong());
        files.add(file);
        return new Output() {
            @Override
            public void write(byte[] bytes, int length) throws IOException {
                if (writeFails || (writeInProgressFails && path.toString().contains("transaction-"))) {
                    // As a full disk does: a part is written.
                    real.write(bytes, length / 2);
                    throw new IOException(writeFailure);
                }
                real.write(bytes, length);
                file.length().addAndGet(length);
            }

            @Override
            public void sync() throws IOException {
                syncs.acquireUninterruptibly();
                if (syncFails) {
                    throw new IOException("Input/output error");
                }
                long length = file.length().get();
                real.sync();
                file.synced().set(length);
            }

            @Override
            public void truncate(long length) throws IOException {
                real.truncate(length);
                file.length().set(length);
            }

            @Override
            public void close() throws IOException {
                real.close();
            }
        };
    }
}
