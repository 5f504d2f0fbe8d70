package org.pgmigrator.core.postgres;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.error.MigrationException;

/// Reads `postgresql://user:password@host:port,[::1]:port/dbname?parameter=value`; every part may be missing.
///
/// As in libpq the first `@` before the first `/` ends user and password, and `+` is no blank. Unlike libpq a second
/// bare
/// `@` in host or dbname is refused: it is nearly always a password that was not percent-encoded, of which the rest
/// would
/// be shown as a host name.
///
/// Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
final class ConnectionUri {

    private static final String ENCODING =
            "Percent-encode special characters in user and password: @ is %40, : is %3A, / is %2F, ? is %3F, % is %25.";

    private final Parameters parameters;
    private final String uri;
    private int position;

    ConnectionUri(Parameters parameters, String uri, int afterScheme) {
        this.parameters = parameters;
        this.uri = uri;
        this.position = afterScheme;
    }

    void read() {
        readUserInfo();
        readHosts();
        if (at('/')) {
            position++;
            int start = position;
            skipTo("?");
            store(LibpqParameter.DBNAME, decode(start, position, "dbname"));
        }
        if (at('?')) {
            position++;
            while (position < uri.length()) {
                readQueryParameter();
            }
        }
    }

    private void readUserInfo() {
        int start = position;
        skipTo("@/");
        int end = position;
        refuseAnotherAt(at('@') ? end + 1 : start);
        if (!at('@')) {
            position = start;
            return;
        }
        int colon = uri.indexOf(':', start);
        boolean hasPassword = colon >= 0 && colon < end;
        store(LibpqParameter.USER, decode(start, hasPassword ? colon : end, "user"));
        if (hasPassword) {
            store(LibpqParameter.PASSWORD, decode(colon + 1, end, "password"));
        }
        position = end + 1;
    }

    private void refuseAnotherAt(int from) {
        int query = uri.indexOf('?', from);
        int at = uri.indexOf('@', from);
        if (at >= 0 && (query < 0 || at < query)) {
            throw malformed("a host or a database name holds a bare @.");
        }
    }

    private void readHosts() {
        List<String> hosts = new ArrayList<>();
        List<String> ports = new ArrayList<>();
        boolean more = true;
        while (more) {
            hosts.add(at('[') ? bracketed() : host());
            String port = "";
            if (at(':')) {
                int start = ++position;
                skipTo(",/?");
                port = decode(start, position, "port");
            }
            ports.add(port);
            more = at(',');
            if (more) {
                position++;
            }
        }
        store(LibpqParameter.HOST, listed(hosts));
        store(LibpqParameter.PORT, listed(ports));
    }

    private String host() {
        int start = position;
        skipTo(":,/?");
        return decode(start, position, "host");
    }

    private String bracketed() {
        int start = position + 1;
        position = uri.indexOf(']', start);
        if (position < 0) {
            throw malformed("the bracket of an IPv6 address is not closed.");
        }
        if (position == start) {
            throw malformed("an IPv6 address in brackets is empty.");
        }
        String address = decode(start, position, "host");
        position++;
        if (position < uri.length() && ":,/?".indexOf(uri.charAt(position)) < 0) {
            throw malformed("an unexpected character follows the closing bracket of an IPv6 address.");
        }
        return address;
    }

    /// Nothing at all is an empty text, not a list of one empty entry.
    private static String listed(List<String> entries) {
        return entries.stream().allMatch(String::isEmpty) ? "" : String.join(",", entries);
    }

    private void readQueryParameter() {
        int start = position;
        skipTo("&");
        int end = position;
        if (position < uri.length()) {
            position++;
        }
        int equals = uri.indexOf('=', start);
        if (equals < 0 || equals >= end) {
            throw malformed("a parameter after the ? has no equals sign (position " + (start + 1) + ").");
        }
        if (uri.substring(equals + 1, end).indexOf('=') >= 0) {
            throw malformed("a parameter after the ? has a second equals sign (position " + (start + 1)
                    + "); write %3D within a value.");
        }
        String keyword = decode(start, equals, "a parameter's name");
        String value = decode(equals + 1, end, "a parameter");
        if (keyword.equals("ssl") && value.equals("true")) {
            // JDBC's spelling, which libpq accepts in URIs as well.
            parameters.put(LibpqParameter.SSLMODE, "require", "");
        } else if (!ConnectionString.store(parameters, keyword, value, "")) {
            boolean mayBePassword = uri.indexOf('@', start) >= 0;
            throw malformed(ConnectionString.unknown(keyword, mayBePassword, start));
        }
    }

    private void store(LibpqParameter parameter, String value) {
        if (!value.isEmpty()) {
            parameters.put(parameter, value, "");
        }
    }

    private boolean at(char character) {
        return position < uri.length() && uri.charAt(position) == character;
    }

    private void skipTo(String stops) {
        while (position < uri.length() && stops.indexOf(uri.charAt(position)) < 0) {
            position++;
        }
    }

    private String decode(int from, int to, String what) {
        ByteArrayOutputStream decoded = new ByteArrayOutputStream();
        int i = from;
        while (i < to) {
            if (uri.charAt(i) != '%') {
                int codePoint = uri.codePointAt(i);
                decoded.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
                i += Character.charCount(codePoint);
                continue;
            }
            int value = i + 2 < to ? hex(uri.charAt(i + 1)) * 16 + hex(uri.charAt(i + 2)) : -1;
            if (value <= 0) {
                throw malformed("an invalid percent-encoding is in " + what + " (position " + (i + 1) + ").");
            }
            decoded.write(value);
            i += 3;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(decoded.toByteArray()))
                    .toString();
        } catch (CharacterCodingException notUtf8) {
            throw malformed("the percent-encoding in " + what + " is not UTF-8.");
        }
    }

    /// Very negative for anything else, so that no sum with another digit becomes positive.
    private static int hex(char character) {
        int digit = character < 128 ? Character.digit(character, 16) : -1;
        return digit < 0 ? -1000 : digit;
    }

    private MigrationException malformed(String why) {
        return Refusal.of(parameters.side(), "In the connection URI " + why, ENCODING);
    }
}
