package org.pgmigrator.sandbox.compare;

import java.util.List;

/// One table or sequence that is not the same on both sides.
///
/// @param object the qualified name
/// @param what differs, such as the two row counts
/// @param samples some of the rows that differ, each as text after the side it was found on; empty if none were looked
/// for
public record Difference(String object, String what, List<String> samples) {

    public Difference {
        samples = List.copyOf(samples);
    }

    static Difference of(String object, String what) {
        return new Difference(object, what, List.of());
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(object).append(": ").append(what);
        samples.forEach(sample -> text.append("\n    ").append(sample));
        return text.toString();
    }
}
