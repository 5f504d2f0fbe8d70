package org.pgmigrator.core.postgres;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What the carried tables look like, so that a change of schema on the source is noticed: it sends nothing by itself.
///
/// A rewrite of a table (VACUUM FULL, TRUNCATE) is not a change of schema. Sizes and statistics are not part of it.
///
/// @param digests a digest for each table, by its name
public record CatalogFingerprint(Map<String, String> digests) {

    public CatalogFingerprint {
        digests = Collections.unmodifiableMap(new TreeMap<>(digests));
    }

    public static CatalogFingerprint of(List<CatalogTable> tables) {
        Map<String, String> digests = new TreeMap<>();
        for (CatalogTable table : tables) {
            String facts = String.join(
                    "|",
                    Long.toString(table.oid()),
                    Boolean.toString(table.partitioned()),
                    Boolean.toString(table.unlogged()),
                    table.parent().toString(),
                    table.identity().toString(),
                    table.identityIndex().toString(),
                    table.columns().toString());
            digests.put(table.name().toString(), digest(facts));
        }
        return new CatalogFingerprint(digests);
    }

    /// One line for each table that is new, gone or altered since this fingerprint was taken.
    public List<String> differences(CatalogFingerprint now) {
        List<String> differences = new ArrayList<>();
        digests.forEach((table, digest) -> {
            String current = now.digests.get(table);
            if (current == null) {
                differences.add("table " + table + " is gone");
            } else if (!current.equals(digest)) {
                differences.add("table " + table + " was altered");
            }
        });
        now.digests.keySet().stream()
                .filter(table -> !digests.containsKey(table))
                .forEach(table -> differences.add("table " + table + " is new"));
        return differences;
    }

    /// The form that is stored: a line for each table, digest first.
    public String toText() {
        StringBuilder text = new StringBuilder();
        digests.forEach((table, digest) -> text.append(digest)
                .append(' ')
                .append(URLEncoder.encode(table, StandardCharsets.UTF_8))
                .append('\n'));
        return text.toString();
    }

    /// Reads what [#toText] wrote.
    public static CatalogFingerprint parse(String text) {
        Map<String, String> digests = new TreeMap<>();
        text.lines().forEach(line -> {
            int blank = line.indexOf(' ');
            digests.put(URLDecoder.decode(line.substring(blank + 1), StandardCharsets.UTF_8), line.substring(0, blank));
        });
        return new CatalogFingerprint(digests);
    }

    private static String digest(String facts) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(facts.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 12);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
