package org.pgmigrator.core.apply.differential;

import java.util.Locale;
import org.pgmigrator.core.config.ApplyConfig;

/// A way of applying that is compared.
enum Mode {
    STRICT,
    WINDOWS,
    /// Windows that fold also what would be cheaper one by one: the small workloads of a seed are all folded.
    FOLDED,
    /// The same, divided among three sessions.
    LANES;

    ApplyConfig config() {
        return switch (this) {
            case STRICT -> ApplyConfig.of(ApplyConfig.Mode.STRICT, 1);
            case WINDOWS -> ApplyConfig.DEFAULT;
            case FOLDED -> new ApplyConfig(ApplyConfig.Mode.WINDOWS, 1, 1);
            case LANES -> new ApplyConfig(ApplyConfig.Mode.WINDOWS, 3, 1);
        };
    }

    /// Usable in names of databases and slots.
    String id() {
        return name().toLowerCase(Locale.ROOT);
    }
}
