package org.pgmigrator.cli.log;

import java.util.regex.Pattern;

/// Finds and masks the passwords of connection strings in a text, wherever they stand in it.
///
/// The second line of defence: secrets are typed as such and never printed on purpose. This one is for what others
/// print,
/// such as an argument that was given in the wrong place and is quoted in the error.
public final class PasswordMask {

    /// After `://user:` everything up to the last `@` before the host ends; after `password=` a quoted or a bare value.
    private static final Pattern PASSWORD = Pattern.compile("(?i)(://[^:/?#@\\s]*:)[^/\\s]+(?=@)"
            + "|((?:\\b|ssl|pg)password\\s*=\\s*)(?:'(?:[^'\\\\]|\\\\.)*'|[^\\s&']+)");

    private PasswordMask() {}

    public static boolean holdsPassword(String text) {
        return PASSWORD.matcher(text).find();
    }

    /// The same text with `****` in the place of each password.
    public static String mask(String text) {
        return PASSWORD.matcher(text)
                .replaceAll(found -> (found.group(1) == null ? found.group(2) : found.group(1)) + "****");
    }
}
