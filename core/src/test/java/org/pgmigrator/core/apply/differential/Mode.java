package org.pgmigrator.core.apply.differential;

import java.util.Locale;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.config.ApplyConfig.WireFormat;

/// A way of applying that is compared.
enum Mode {
    STRICT,
    /// In binary form, where that is safe.
    WINDOWS,
    /// Windows that fold also what would be cheaper one by one: the small workloads of a seed are all folded.
    FOLDED,
    /// The same, divided among three sessions, in binary form where that is safe.
    LANES;

    ApplyConfig config() {
        return switch (this) {
            case STRICT -> ApplyConfig.of(ApplyConfig.Mode.STRICT, 1);
            case WINDOWS -> ApplyConfig.DEFAULT.withWireFormat(WireFormat.BINARY);
            case FOLDED ->
                ApplyConfig.of(ApplyConfig.Mode.WINDOWS, 1).withFoldFrom(1).withWireFormat(WireFormat.TEXT);
            case LANES ->
                ApplyConfig.of(ApplyConfig.Mode.WINDOWS, 3).withFoldFrom(1).withWireFormat(WireFormat.BINARY);
        };
    }

    /// Usable in names of databases and slots.
    String id() {
        return name().toLowerCase(Locale.ROOT);
    }
}
