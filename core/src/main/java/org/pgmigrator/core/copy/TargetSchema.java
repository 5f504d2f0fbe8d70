package org.pgmigrator.core.copy;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.QualifiedName;

/// One schema of the target and what of it the filter carries.
///
/// @param name    as the catalogue spells it
/// @param ours    the connected role may drop it
/// @param whole   the schema can go as it is: everything in it is carried and ours
/// @param objects what is carried, extensions' members not counted
record TargetSchema(String name, boolean ours, boolean whole, List<TargetObject> objects) {

    static final String PUBLIC = "public";

    TargetSchema {
        objects = List.copyOf(objects);
    }

    boolean isPublic() {
        return name.equals(PUBLIC);
    }

    /// Nothing of it is in the way of a copy.
    boolean isOutOfTheWay() {
        return objects.isEmpty() && (isPublic() || !ours);
    }

    /// `schema app: 12 tables (about 3.4 GB, 1,200,000 rows), 3 views, 1 type`.
    String summary() {
        Map<String, Integer> counts = new TreeMap<>();
        objects.stream()
                .filter(object -> !object.isTable())
                .forEach(object -> counts.merge(object.type().toLowerCase(Locale.ROOT), 1, Integer::sum));
        List<String> parts = new ArrayList<>();
        List<TargetObject> tables =
                objects.stream().filter(TargetObject::isTable).toList();
        if (!tables.isEmpty()) {
            parts.add(count(tables.size(), "table") + " (about "
                    + size(tables.stream().mapToLong(TargetObject::bytes).sum())
                    + String.format(
                            Locale.ROOT,
                            ", %,d rows)",
                            tables.stream().mapToLong(TargetObject::rows).sum()));
        }
        counts.forEach((type, number) -> parts.add(count(number, type)));
        return "schema " + QualifiedName.quote(name) + ": "
                + (parts.isEmpty() ? "empty" : parts.stream().collect(Collectors.joining(", ")));
    }

    private static String count(int number, String noun) {
        String plural = noun.endsWith("y") ? noun.substring(0, noun.length() - 1) + "ies" : noun + "s";
        return number + " " + (number == 1 ? noun : noun.endsWith("s") || noun.endsWith("ss") ? noun + "es" : plural);
    }

    static String size(long bytes) {
        if (bytes < 1_000_000) {
            return String.format(Locale.ROOT, "%,d kB", (bytes + 999) / 1000);
        }
        return bytes < 1_000_000_000
                ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
                : String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
    }
}
