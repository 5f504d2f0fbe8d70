package org.pgmigrator.core.config;

import java.util.OptionalLong;

/// How changes are applied to the target.
///
/// @param lanes    sessions on the target among which the changes of a window are divided, at least 1; with 1
///                 transactions become visible there in the source's order
/// @param foldFrom changes of one table in a window from which on they are folded; fewer are written one by one,
/// because
///                 a staging table's own statements would cost more
/// @param wireFormat in which form the source sends values
/// @param decodingMemory bytes that the source's walsender may use before it writes large transactions to its disk
/// (`logical_decoding_work_mem`), at least 64 kB; empty: as the source is set up
public record ApplyConfig(Mode mode, int lanes, int foldFrom, WireFormat wireFormat, OptionalLong decodingMemory) {

    public static final int DEFAULT_FOLD_FROM = 40;

    private static final int PROCESSORS_OF_A_LANE = 8;
    private static final int MAX_DEFAULT_LANES = 4;

    /// The way that is taken if nothing else is said.
    public static final ApplyConfig DEFAULT =
            of(Mode.WINDOWS, lanesFor(Runtime.getRuntime().availableProcessors()));

    public static final int MAX_LANES = 32;

    private static final long MIN_DECODING_MEMORY = 64 << 10;
    private static final long MAX_DECODING_MEMORY = 64L << 30;

    public ApplyConfig {
        if (lanes < 1 || lanes > MAX_LANES) {
            throw new IllegalArgumentException("--apply-lanes must be 1 to " + MAX_LANES + ", not " + lanes);
        }
        if (decodingMemory.orElse(MIN_DECODING_MEMORY) < MIN_DECODING_MEMORY
                || decodingMemory.orElse(0) > MAX_DECODING_MEMORY) {
            throw new IllegalArgumentException("--decoding-memory must be 64kB to 64GB");
        }
    }

    public static ApplyConfig of(Mode mode, int lanes) {
        return new ApplyConfig(mode, lanes, DEFAULT_FOLD_FROM, WireFormat.AUTO, OptionalLong.empty());
    }

    /// How many lanes a machine is good for: the receiver, the applier and a lane with its session on the target are
    /// busy at the same time, and a small machine has no processor left for a second one.
    static int lanesFor(int processors) {
        return Math.clamp(processors / PROCESSORS_OF_A_LANE, 1, MAX_DEFAULT_LANES);
    }

    public ApplyConfig withWireFormat(WireFormat wanted) {
        return new ApplyConfig(mode, lanes, foldFrom, wanted, decodingMemory);
    }

    public ApplyConfig withFoldFrom(int changes) {
        return new ApplyConfig(mode, lanes, changes, wireFormat, decodingMemory);
    }

    public ApplyConfig withDecodingMemory(OptionalLong bytes) {
        return new ApplyConfig(mode, lanes, foldFrom, wireFormat, bytes);
    }

    /// In which form values come from the source.
    public enum WireFormat {
        /// Binary where every published column's type allows it and a value can also be written singly at no cost.
        AUTO,
        /// What the types' output functions make.
        TEXT,
        /// What the types' send functions make; refused where a type's binary form means something else on the target.
        BINARY
    }

    /// What is written for a backlog of transactions.
    public enum Mode {
        /// The net change of each row over many transactions, by a few statements a table.
        WINDOWS,
        /// Every change by itself, in the source's order.
        STRICT
    }
}
