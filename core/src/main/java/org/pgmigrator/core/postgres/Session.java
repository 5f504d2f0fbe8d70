package org.pgmigrator.core.postgres;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;

/// What one session is for, and the server settings that it wants beside the pinned ones (see [Database#connect]).
///
/// @param applicationName what `pg_stat_activity.application_name` shows
/// @param settings        server settings by name, in the order in which they were added; each wins over a pinned one
public record Session(String applicationName, Map<String, String> settings) {

    /// With which every session's name begins, so that an administrator can find them.
    public static final String NAME_PREFIX = "pg-migrator ";

    private static final Pattern SETTING = Pattern.compile("[A-Za-z_][A-Za-z0-9_.]*");

    public Session {
        settings.keySet().forEach(name -> {
            if (!SETTING.matcher(name).matches()) {
                throw new IllegalArgumentException("not the name of a server setting: " + name);
            }
        });
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }

    private static final Pattern SHOWN_AS_IT_IS = Pattern.compile("[!-~]{1,32}");

    /// What the names of a migration's sessions end with, so that they can be told from another one's.
    ///
    /// The server cuts a name off at 63 bytes and shows no other characters than those of ASCII.
    ///
    /// @param migration its name on the target
    public static String suffix(String migration) {
        return " ("
                + (SHOWN_AS_IT_IS.matcher(migration).matches()
                        ? migration
                        : UUID.nameUUIDFromBytes(migration.getBytes(StandardCharsets.UTF_8))
                                .toString()
                                .substring(0, 18))
                + ")";
    }

    /// The same session of one migration.
    Session of(String migration) {
        return new Session(applicationName + suffix(migration), settings);
    }

    /// A session for `purpose` ("copy", "apply", ...) with the pinned settings alone.
    public static Session named(String purpose) {
        return new Session(NAME_PREFIX + purpose, Map.of());
    }

    /// The same session with one more server setting, for example `session_replication_role`, `replica`.
    public Session with(String setting, String value) {
        Map<String, String> extended = new LinkedHashMap<>(settings);
        extended.put(setting, value);
        return new Session(applicationName, extended);
    }

    /// The same session, whose server notices within half a minute that its client is gone without a word, so that what
    /// it holds is free again. For sessions that read at once what they get: a server takes one that does not for lost,
    /// too.
    ///
    /// A server that cannot do this, and one on the same host's Unix-domain socket, leaves it out.
    public Session endingWithItsClient() {
        return with("tcp_keepalives_idle", "10")
                .with("tcp_keepalives_interval", "5")
                .with("tcp_keepalives_count", "4")
                .with("tcp_user_timeout", "30000");
    }
}
