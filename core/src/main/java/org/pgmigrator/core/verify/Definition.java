package org.pgmigrator.core.verify;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A definition as a server prints it, in a form that does not depend on which major has printed it.
///
/// Majors differ in where they put parentheses, blanks, and the names of tables before those of columns: 16 leaves them
/// out where 15 did not. All of these are dropped; what is left are the words, values and operators in their order.
final class Definition {

    /// A string, a quoted name, a word or number, one other character.
    private static final Pattern TOKEN =
            Pattern.compile("[eE]?'(?:[^'\\\\]|''|\\\\.)*'|\"(?:[^\"]|\"\")*\"|[\\p{L}_][\\p{L}\\p{N}_$]*|\\p{N}+|\\S");

    private static final Pattern NAME = Pattern.compile("\"(?:[^\"]|\"\")*\"|[\\p{L}_][\\p{L}\\p{N}_$]*");

    private Definition() {}

    /// Whether both mean the same, as far as their text tells.
    ///
    /// @param sameMajor both were printed by servers of one major, which print alike
    static boolean same(String first, String second, boolean sameMajor) {
        return first.equals(second) || (!sameMajor && normalized(first).equals(normalized(second)));
    }

    static List<String> normalized(String definition) {
        List<String> tokens = new ArrayList<>();
        Matcher matcher = TOKEN.matcher(definition);
        while (matcher.find()) {
            String token = matcher.group();
            if (token.equals("(") || token.equals(")") || token.equals(";")) {
                continue;
            }
            boolean afterPoint = tokens.size() >= 2 && tokens.getLast().equals(".");
            if (afterPoint && NAME.matcher(tokens.get(tokens.size() - 2)).matches()) {
                tokens.removeLast();
                tokens.removeLast();
            }
            tokens.add(token);
        }
        return tokens;
    }
}
