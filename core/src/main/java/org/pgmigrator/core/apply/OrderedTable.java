package org.pgmigrator.core.apply;

import java.util.function.Consumer;
import org.pgmigrator.core.config.QualifiedName;

/// A table whose changes are written one by one although windows were asked for.
///
/// @param barrier whether everything that came before is written first
/// @param reason  why, for people
public record OrderedTable(QualifiedName table, boolean barrier, String reason) {

    /// Tells of a table if its plan says so.
    static void tell(TargetTable table, Consumer<OrderedTable> listener) {
        TablePlan plan = table.plan();
        if (plan.order() != TablePlan.Order.FOLD) {
            listener.accept(new OrderedTable(table.name(), plan.order() == TablePlan.Order.BARRIER, plan.reason()));
        }
    }
}
