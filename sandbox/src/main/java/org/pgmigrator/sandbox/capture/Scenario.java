package org.pgmigrator.sandbox.capture;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A workload, and how its messages are asked for.
///
/// @param name of the file and of the database it runs in
/// @param since the first major that can do it
/// @param options of `START_REPLICATION`, without `publication_names`
/// @param setup statements, each ended by `;` at the end of a line, before the slot exists. They create the publication
///     `capture`.
/// @param workload statements in one session, whose messages are captured. [#AWAIT_BLOCK] among them waits until a
/// block
///     of the running transaction was streamed.
record Scenario(String name, int since, Map<String, String> options, String setup, String workload) {

    static final String AWAIT_BLOCK = "-- wait for a stream block";

    Scenario {
        options = Map.copyOf(options);
    }

    /// In the order of their names, so that a file doesn't change for no reason.
    Map<String, String> sortedOptions() {
        return new TreeMap<>(options);
    }

    boolean twoPhase() {
        return options.containsKey("two_phase");
    }

    List<String> setupStatements() {
        return statements(setup);
    }

    List<String> workloadStatements() {
        return statements(workload);
    }

    private static List<String> statements(String script) {
        return List.of(script.strip().split(";\\s*(\n|$)"));
    }
}
