package org.pgmigrator.core.postgres;

/// Writes a libpq keyword=value string.
final class Conninfo {

    private final StringBuilder text = new StringBuilder();

    void add(String keyword, String value) {
        if (!text.isEmpty()) {
            text.append(' ');
        }
        text.append(keyword).append('=');
        if (value.matches("[A-Za-z0-9_./:,*+-]+")) {
            text.append(value);
        } else {
            text.append('\'')
                    .append(value.replace("\\", "\\\\").replace("'", "\\'"))
                    .append('\'');
        }
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
