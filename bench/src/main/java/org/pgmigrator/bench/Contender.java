package org.pgmigrator.bench;

import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalLong;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.config.ApplyConfig.WireFormat;

/// A way to bring a source's changes to a target.
interface Contender {

    List<String> NAMES =
            List.of("builtin", "builtin-binary", "strict", "windows", "windows-binary", "windows-1gb", "windows-2");

    String name();

    /// Everything that a user would have done before the changes flow; the stream is not open yet.
    Applying prepare(Run run) throws SQLException, IOException, InterruptedException;

    /// One run. Closing it ends the stream and frees the slot.
    interface Applying extends AutoCloseable {

        /// Lets the changes flow.
        void go() throws SQLException, IOException;

        /// Looks whether it still works.
        ///
        /// @throws BenchException if it has ended by itself
        void requireAlive();

        /// A query on the target that finds a row when the whole backlog is there, once the last transaction is.
        String whenDone();

        /// The process beside the two servers that does the work, if there is one.
        OptionalLong process();

        /// Bytes that this process has allocated on its heap since it was let go.
        OptionalLong allocatedBytes() throws IOException;

        @Override
        void close() throws SQLException, IOException;
    }

    /// The contender of this name.
    ///
    /// @param heap the heap of a migrator's JVM, as for `-Xmx`
    static Contender of(String name, String heap) {
        return switch (name) {
            case "builtin" -> new BuiltIn(name, false);
            case "builtin-binary" -> new BuiltIn(name, true);
            case "strict" -> migrator(name, ApplyConfig.Mode.STRICT, 1, WireFormat.TEXT, heap);
            case "windows" -> migrator(name, ApplyConfig.Mode.WINDOWS, 1, WireFormat.TEXT, heap);
            case "windows-binary" -> migrator(name, ApplyConfig.Mode.WINDOWS, 1, WireFormat.BINARY, heap);
            case "windows-1gb" ->
                new Migrator(
                        name,
                        ApplyConfig.of(ApplyConfig.Mode.WINDOWS, 1)
                                .withWireFormat(WireFormat.BINARY)
                                .withDecodingMemory(OptionalLong.of(1L << 30)),
                        heap);
            case "windows-2" -> migrator(name, ApplyConfig.Mode.WINDOWS, 2, WireFormat.BINARY, heap);
            default -> throw new IllegalArgumentException("no contender \"" + name + "\"; there are " + NAMES);
        };
    }

    private static Migrator migrator(String name, ApplyConfig.Mode mode, int lanes, WireFormat format, String heap) {
        return new Migrator(name, ApplyConfig.of(mode, lanes).withWireFormat(format), heap);
    }
}
