package org.pgmigrator.decoder;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.pgmigrator.decoder.PgOutputMessage.Delete;
import org.pgmigrator.decoder.PgOutputMessage.Insert;
import org.pgmigrator.decoder.PgOutputMessage.LogicalMessage;
import org.pgmigrator.decoder.PgOutputMessage.Relation;
import org.pgmigrator.decoder.PgOutputMessage.Truncate;
import org.pgmigrator.decoder.PgOutputMessage.Update;

/// What transactions do, in a form that can be compared and read: names in place of oids, and nothing that differs from
/// capture to capture.
///
/// ```
/// Relation public.item DEFAULT [id*, name]
/// Update item key ['1', null] -> ['2', unchanged]
/// ```
final class Sketch {

    private static final int LONG = 100;

    private final Map<Long, String> relations = new HashMap<>();

    private Sketch() {}

    static List<String> of(List<PgOutputMessage> messages) {
        Sketch sketch = new Sketch();
        List<String> lines = new ArrayList<>();
        for (PgOutputMessage message : messages) {
            if (message instanceof PgOutputMessage.Content content) {
                lines.add(sketch.line(content));
            }
        }
        return lines;
    }

    private String line(PgOutputMessage.Content content) {
        return switch (content) {
            case Relation relation -> relation(relation);
            case PgOutputMessage.Type type -> "Type " + type.namespace() + "." + type.name();
            case Insert insert -> "Insert " + name(insert.relationOid()) + " " + row(insert.after());
            case Update update ->
                "Update " + name(update.relationOid()) + oldRow(update.before()) + " -> " + row(update.after());
            case Delete delete -> "Delete " + name(delete.relationOid()) + oldRow(delete.before());
            case Truncate truncate ->
                "Truncate " + truncate.relationOids().stream().map(this::name).toList()
                        + (truncate.restartIdentity() ? " restart identity" : "")
                        + (truncate.cascade() ? " cascade" : "");
            case LogicalMessage message ->
                "Message " + message.prefix() + (message.transactional() ? " in transaction " : " at once ")
                        + message.content().text();
        };
    }

    private String relation(Relation relation) {
        relations.put(relation.oid(), relation.name());
        String columns = relation.columns().stream()
                .map(column -> column.name() + (column.key() ? "*" : ""))
                .collect(Collectors.joining(", ", "[", "]"));
        return "Relation " + relation.namespace() + "." + relation.name() + " " + relation.identity() + " " + columns;
    }

    private String name(long oid) {
        String name = relations.get(oid);
        if (name == null) {
            throw new AssertionError("relation " + oid + " was not announced");
        }
        return name;
    }

    private static String oldRow(OldRow row) {
        return switch (row) {
            case OldRow.Absent() -> "";
            case OldRow.Key key -> " key " + row(key.tuple());
            case OldRow.Full full -> " full " + row(full.tuple());
        };
    }

    private static String row(Tuple tuple) {
        List<String> cells = new ArrayList<>();
        for (int column = 0; column < tuple.columnCount(); column++) {
            cells.add(cell(tuple, column));
        }
        return cells.toString();
    }

    private static String cell(Tuple tuple, int column) {
        if (tuple.isNull(column)) {
            return "null";
        }
        if (tuple.isUnchangedToast(column)) {
            return "unchanged";
        }
        if (tuple.isBinary(column)) {
            return "0x" + HexFormat.of().formatHex(tuple.bytes(column));
        }
        String text = tuple.text(column);
        return text.length() > LONG ? text.length() + " times '" + text.charAt(0) + "'" : "'" + text + "'";
    }
}
