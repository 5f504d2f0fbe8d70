package org.pgmigrator.core.control;

import java.util.List;

/// Asks the operator before something is destroyed.
@FunctionalInterface
public interface Confirmation {

    /// Puts a question and waits for the answer.
    ///
    /// @param question one sentence that ends with a question mark
    /// @param details  what it is about, a line each
    /// @return true only if the operator said yes
    boolean confirm(String question, List<String> details);
}
