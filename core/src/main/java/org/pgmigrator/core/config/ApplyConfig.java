package org.pgmigrator.core.config;

/// How changes are applied to the target.
///
/// @param foldFrom changes of one table in a window from which on they are folded; fewer are written one by one,
/// because
///                 a staging table's own statements would cost more
public record ApplyConfig(Mode mode, int foldFrom) {

    public static final int DEFAULT_FOLD_FROM = 40;

    /// The way that is taken if nothing else is said.
    public static final ApplyConfig DEFAULT = of(Mode.WINDOWS);

    public static ApplyConfig of(Mode mode) {
        return new ApplyConfig(mode, DEFAULT_FOLD_FROM);
    }

    /// What is written for a backlog of transactions.
    public enum Mode {
        /// The net change of each row over many transactions, by a few statements a table.
        WINDOWS,
        /// Every change by itself, in the source's order.
        STRICT
    }
}
