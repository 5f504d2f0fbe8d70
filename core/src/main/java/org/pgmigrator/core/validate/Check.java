package org.pgmigrator.core.validate;

import java.sql.SQLException;

/// One question about a view `V` of one side or of both, asked in a read-only transaction of its own.
///
/// @param name what findings carry as `check`: lower case, words joined by hyphens
record Check<V>(String name, Question<V> question) {

    /// Asks, and reports at least one finding; the answer "all is well" is a finding, too.
    @FunctionalInterface
    interface Question<V> {
        /// Asks it once.
        ///
        /// @throws SQLException if the server does not let the question be asked; reported by the caller
        void ask(V view, Findings findings) throws SQLException, InterruptedException;
    }
}
