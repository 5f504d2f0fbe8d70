package org.pgmigrator.core.verify;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.progress.ProgressEvent.VerifyResult;

/// Compares the definitions of both sides and says what each difference is.
///
/// @param sameMajor   whether both servers are of one major, and so print definitions alike
/// @param inMigration whether a migration goes on: then GENERATED ALWAYS is BY DEFAULT on the target for a while
record SchemaComparison(boolean sameMajor, boolean inMigration) {

    /// What a server prints, where majors differ in how they print it.
    private static final Set<String> PRINTED =
            Set.of("definition", "default", "check", "partition key", "partition bound", "arguments", "result");

    /// A body of a function is not shown in full.
    private static final int SHOWN = 120;

    private static final String ALWAYS = "a";
    private static final String BY_DEFAULT = "d";

    /// One result for each object, sorted by its name.
    List<VerifyResult> compare(List<SchemaPart> source, List<SchemaPart> target) {
        Map<String, Map<String, SchemaPart>> there = byObject(source);
        Map<String, Map<String, SchemaPart>> here = byObject(target);
        Set<String> objects = new TreeSet<>(there.keySet());
        objects.addAll(here.keySet());
        // A managed server brings extensions of its own.
        objects.removeIf(object -> object.startsWith("extension ") && !there.containsKey(object));
        return objects.stream()
                .map(object -> result(
                        object, object(there.getOrDefault(object, Map.of()), here.getOrDefault(object, Map.of()))))
                .toList();
    }

    private static Map<String, Map<String, SchemaPart>> byObject(List<SchemaPart> parts) {
        Map<String, Map<String, SchemaPart>> byObject = new HashMap<>();
        parts.forEach(part -> byObject.computeIfAbsent(part.object(), object -> new TreeMap<>())
                .put(part.part(), part));
        return byObject;
    }

    private List<String> object(Map<String, SchemaPart> there, Map<String, SchemaPart> here) {
        if (here.isEmpty()) {
            return List.of("it does not exist on the target");
        }
        if (there.isEmpty()) {
            return List.of("it does not exist on the source");
        }
        List<String> differences = new ArrayList<>();
        Set<String> parts = new TreeSet<>(there.keySet());
        parts.addAll(here.keySet());
        for (String part : parts) {
            SchemaPart first = there.get(part);
            SchemaPart second = here.get(part);
            if (first == null) {
                differences.add(part + " does not exist on the source");
            } else if (second == null) {
                differences.add(part + " does not exist on the target");
            } else {
                properties(first, second, differences);
            }
        }
        return differences;
    }

    private void properties(SchemaPart there, SchemaPart here, List<String> differences) {
        there.properties().forEach((property, first) -> {
            String second = here.properties().getOrDefault(property, "");
            if (!same(property, first, second)) {
                String of = there.part().isEmpty() ? "" : there.part() + ": ";
                differences.add(
                        of + property + " is " + shown(first) + " on the source, " + shown(second) + " on the target");
            }
        });
    }

    private boolean same(String property, String first, String second) {
        if (property.equals("identity") && inMigration && first.equals(ALWAYS)) {
            return second.equals(ALWAYS) || second.equals(BY_DEFAULT);
        }
        return PRINTED.contains(property) ? Definition.same(first, second, sameMajor) : first.equals(second);
    }

    private static String shown(String value) {
        String line = value.strip().replaceAll("\\s+", " ");
        if (line.isEmpty()) {
            return "nothing";
        }
        return line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "...";
    }

    private static VerifyResult result(String object, List<String> differences) {
        return new VerifyResult(
                VerifyLevel.SCHEMA,
                object,
                OptionalLong.empty(),
                OptionalLong.empty(),
                "",
                "",
                differences,
                List.of(),
                0,
                "",
                "",
                Duration.ZERO);
    }
}
