package org.pgmigrator.core.verify;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// One definition of one side: an object, or a part of one such as a column.
///
/// @param object     kind and name of the object: `table public.orders`
/// @param part       kind and name of the part: `column total`; empty for the object itself
/// @param properties what is compared, by the words for it
record SchemaPart(String object, String part, Map<String, String> properties) {

    SchemaPart {
        properties = Collections.unmodifiableMap(new LinkedHashMap<>(properties));
    }
}
