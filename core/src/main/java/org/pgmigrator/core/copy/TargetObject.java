package org.pgmigrator.core.copy;

/// One object on the target that a copy would meet.
///
/// @param oid       its oid in its own catalogue
/// @param relation  whether it is a table, a view or a sequence
/// @param type      the word after DROP: `TABLE`, `MATERIALIZED VIEW`, `ROUTINE`, `OPERATOR CLASS`
/// @param identity  what follows it, quoted: `app.orders`, `app.total(integer)`, `app.int_ops USING btree`
/// @param schema    its schema; empty for what belongs to the database
/// @param ours      the connected role may drop it
/// @param bytes     its size with indexes, 0 for what has none
/// @param rows      the planner's estimate of its rows, 0 if it has none or was never analysed
record TargetObject(
        long oid, boolean relation, String type, String identity, String schema, boolean ours, long bytes, long rows) {

    boolean isTable() {
        return type.equals("TABLE") || type.equals("FOREIGN TABLE");
    }

    /// `IF EXISTS`, because an object may have gone with one before it.
    String dropStatement() {
        return "DROP " + type + " IF EXISTS " + identity + " CASCADE";
    }

    @Override
    public String toString() {
        return type.toLowerCase(java.util.Locale.ROOT) + " " + identity;
    }
}
