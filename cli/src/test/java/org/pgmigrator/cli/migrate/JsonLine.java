package org.pgmigrator.cli.migrate;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One line of `--json`: texts, numbers, lists of texts and nulls by their names.
final class JsonLine {

    private static final JsonFactory FACTORY = new JsonFactory();

    private final String line;
    private final Map<String, @Nullable Object> fields = new LinkedHashMap<>();

    /// @throws IllegalArgumentException if it is not exactly one JSON object
    JsonLine(String line) {
        this.line = line;
        try (JsonParser json = FACTORY.createParser(line)) {
            require(json.nextToken() == JsonToken.START_OBJECT);
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String name = json.currentName();
                fields.put(name, value(json, json.nextToken()));
            }
            require(json.nextToken() == null);
        } catch (IOException e) {
            throw new IllegalArgumentException("not JSON: " + line, e);
        }
    }

    private void require(boolean asExpected) {
        if (!asExpected) {
            throw new IllegalArgumentException("not one JSON object of plain fields: " + line);
        }
    }

    private @Nullable Object value(JsonParser json, JsonToken token) throws IOException {
        return switch (token) {
            case VALUE_NULL -> null;
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_STRING -> json.getText();
            case VALUE_NUMBER_INT -> json.getLongValue();
            case VALUE_NUMBER_FLOAT -> json.getDoubleValue();
            case START_ARRAY -> texts(json);
            default -> throw new IllegalArgumentException("unexpected " + token + " in " + line);
        };
    }

    private List<String> texts(JsonParser json) throws IOException {
        List<String> texts = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            require(json.currentToken() == JsonToken.VALUE_STRING);
            texts.add(json.getText());
        }
        return texts;
    }

    String event() {
        return text("event");
    }

    boolean is(String event) {
        return event().equals(event);
    }

    Set<String> names() {
        return Collections.unmodifiableSet(fields.keySet());
    }

    /// The field's value: String, Long, Double, List of String, or null.
    @Nullable
    Object field(String name) {
        if (!fields.containsKey(name)) {
            throw new IllegalArgumentException("no field " + name + " in " + line);
        }
        return fields.get(name);
    }

    String text(String name) {
        return String.valueOf(field(name));
    }

    /// The texts of a list, one a line.
    String lines(String name) {
        List<String> lines = new ArrayList<>();
        if (field(name) instanceof List<?> list) {
            list.forEach(item -> lines.add(String.valueOf(item)));
        }
        return String.join("\n", lines);
    }

    long number(String name) {
        if (field(name) instanceof Long number) {
            return number;
        }
        throw new IllegalArgumentException(name + " is not a whole number in " + line);
    }

    @Override
    public String toString() {
        return line;
    }
}
