package org.pgmigrator.cli.render;

import org.pgmigrator.core.progress.ProgressEvent.VerifyProgress;
import org.pgmigrator.core.progress.ProgressEvent.VerifyResult;

/// What a comparison finds, for a person.
///
/// ```
/// DIFFERS  public.orders: rows differ, though both sides have 1,204
///            id=17: differs in total
///            id=902: only on the source
///            and at least 3 more
///   source   SELECT * FROM ONLY "public"."orders" WHERE "id" IN ('17', '902');
///   target   SELECT * FROM ONLY "public"."orders" WHERE "id" IN ('17', '902');
/// ```
final class VerifyText {

    private static final String INDENT = "  ";

    private VerifyText() {}

    /// `12 of 40 tables compared · 1,204,000 of about 3,400,000 rows read`.
    static String of(VerifyProgress progress) {
        String total =
                progress.rowsTotal() > progress.rowsRead() ? " of about " + Wording.count(progress.rowsTotal()) : "";
        return Wording.count(progress.tablesDone()) + " of " + Wording.count(progress.tablesTotal())
                + " tables compared · " + Wording.count(progress.rowsRead()) + total + " rows read on both sides";
    }

    /// One object; several lines if it differs.
    static String of(VerifyResult result, Style style) {
        if (result.equal()) {
            String rows = result.sourceRows().isPresent()
                    ? " · " + Wording.count(result.sourceRows().getAsLong()) + " rows"
                    : "";
            String hash = result.sourceHash().isEmpty() ? "" : " · " + result.sourceHash();
            return style.good("equal") + " " + result.object() + rows + hash;
        }
        StringBuilder text = new StringBuilder(
                style.bad("DIFFERS") + " " + result.object() + ": " + String.join("\n" + INDENT, result.differences()));
        result.keys().forEach(key -> text.append('\n').append(INDENT).append(key.replace('\n', ' ')));
        if (result.moreKeys() > 0) {
            text.append('\n')
                    .append(INDENT)
                    .append("and at least ")
                    .append(Wording.count(result.moreKeys()))
                    .append(" more");
        }
        add(text, "source", result.sourceSql());
        add(text, "target", result.targetSql());
        return text.toString();
    }

    private static void add(StringBuilder text, String side, String sql) {
        if (!sql.isEmpty()) {
            text.append("\non the ").append(side).append(": ").append(sql);
        }
    }
}
