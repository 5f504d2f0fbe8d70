package org.pgmigrator.core.spool;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/// Where segments are written to. A test has another one, whose disk fails when it is told to.
interface Disk {

    Disk REAL = path -> {
        // The frames are rows of the source: nobody else may read them.
        Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return new RealOutput(new RandomAccessFile(path.toFile(), "rw"));
    };

    /// Makes a file that does not exist yet.
    Output create(Path path) throws IOException;

    /// A file that grows at its end. [#sync] may be called while another thread writes.
    interface Output extends Closeable {
        void write(byte[] bytes, int length) throws IOException;

        /// What was written before the call is on the disk after it.
        void sync() throws IOException;

        void truncate(long length) throws IOException;
    }

    /// Makes the names in a directory durable.
    static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /// Not a channel: an interrupt would close that for every thread.
    final class RealOutput implements Output {
        private final RandomAccessFile file;

        RealOutput(RandomAccessFile file) {
            this.file = file;
        }

        @Override
        public void write(byte[] bytes, int length) throws IOException {
            file.write(bytes, 0, length);
        }

        @Override
        public void sync() throws IOException {
            file.getFD().sync();
        }

        @Override
        public void truncate(long length) throws IOException {
            file.setLength(length);
            file.seek(length);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
