package org.pgmigrator.sandbox.compare;

import java.math.BigDecimal;

/// The rows of a table, or of a part of it, as numbers that do not depend on their order.
///
/// Sums, unlike exclusive-or, don't cancel out for duplicate rows; being `numeric`, they don't overflow. Two hashes of
/// 64
/// bits with different seeds make a coincidence as good as impossible.
record Content(long rowCount, BigDecimal firstSum, BigDecimal secondSum) {}
