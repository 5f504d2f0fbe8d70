package org.pgmigrator.decoder;

/// Where in the stream a message stands, which decides how it is laid out.
///
/// Inside a stream block the messages of a transaction still in progress carry its xid behind their type byte, and the
/// bytes alone don't say so. A receiver starts with [#TOP_LEVEL] and steps on by [#after].
public enum Framing {
    /// Outside any stream block. The only framing of protocol version 1.
    TOP_LEVEL("BCORYIUDTMScAbPKrp"),

    /// Between [PgOutputMessage.StreamStart] and [PgOutputMessage.StreamStop].
    STREAM_BLOCK("ORYIUDTME");

    private final String messageTypes;

    Framing(String messageTypes) {
        this.messageTypes = messageTypes;
    }

    /// Whether the server sends messages of that type here.
    boolean allows(int messageType) {
        return messageTypes.indexOf(messageType) >= 0;
    }

    /// The framing of the message that follows `message`.
    public Framing after(PgOutputMessage message) {
        if (message instanceof PgOutputMessage.StreamStart) {
            return STREAM_BLOCK;
        }
        return message instanceof PgOutputMessage.StreamStop ? TOP_LEVEL : this;
    }
}
