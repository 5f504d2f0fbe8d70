package org.pgmigrator.cli.render;

/// Colours, where there is a terminal that shows them.
public enum Style {
    PLAIN,
    COLOURED;

    String strong(String text) {
        return paint("1", text);
    }

    String good(String text) {
        return paint("32", text);
    }

    String attention(String text) {
        return paint("1;33", text);
    }

    String bad(String text) {
        return paint("1;31", text);
    }

    String quiet(String text) {
        return paint("2", text);
    }

    /// What a line on a terminal begins with: back to the left, so that the terminal's own `^C` is written over.
    String lineStart() {
        return this == PLAIN ? "" : "\r";
    }

    private String paint(String code, String text) {
        return this == PLAIN ? text : "\u001b[" + code + "m" + text + "\u001b[0m";
    }
}
