package org.pgmigrator.core.cutover;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Whether a source is closed by a fence, as one look at its catalogue says.
///
/// @param token    of the lock that the fence came of; empty unless it exists
/// @param since    when it was made; empty unless it exists
/// @param expected how many tables it closed
/// @param present  how many triggers of it there are now
public record FenceState(Presence presence, String token, String since, int expected, int present) {

    private static final Pattern CLOSED = Pattern.compile("closed token=(\\S+) relations=(\\d+) since=(\\S+)");

    /// How much of it there is.
    public enum Presence {
        /// The source is closed.
        EXISTS,
        /// The source is not closed; harmless triggers of an opened fence may be left ([FenceState#present]).
        ABSENT,
        /// Some tables are closed. The fence is made by one transaction, so that somebody else has dropped the rest, or
        /// something of its name.
        PARTIAL
    }

    static final FenceState NONE = new FenceState(Presence.ABSENT, "", "", 0, 0);

    /// @param comment of the fence's schema
    static FenceState of(String comment, int present) {
        if (comment.equals(FenceSql.OPENED)) {
            return new FenceState(Presence.ABSENT, "", "", 0, present);
        }
        Matcher closed = CLOSED.matcher(comment);
        if (!closed.matches()) {
            return new FenceState(Presence.PARTIAL, "", "", 0, present);
        }
        int expected = Integer.parseInt(closed.group(2));
        Presence presence = expected == present ? Presence.EXISTS : Presence.PARTIAL;
        return new FenceState(presence, closed.group(1), closed.group(3), expected, present);
    }
}
