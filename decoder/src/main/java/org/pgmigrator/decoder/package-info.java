/// What PostgreSQL says about a change, as Java types: the messages of its logical replication plugin `pgoutput`.
///
/// **Start reading at** [PgOutputMessage], the list of all messages; [PgOutputDecoder] turns bytes into one of them.
///
/// **Owns** the wire format of protocol versions 1 to 4, and nothing else: the messages with every field of theirs,
/// [Tuple] (a row as slices of the received bytes), [Lsn] (a position in the WAL), and the proof that a message is
/// well-formed to its last byte. Whatever is not, is a [DecodeException]; no other exception leaves this package.
///
/// **Does not own** any memory from one message to the next. It keeps no relation cache, looks up no catalogue, skips
/// and
/// filters nothing, and gives no meaning to a value: all of that belongs to the reader of the messages. It has no
/// logging and depends on the JDK alone, so that it can be used by itself.
///
/// **Left** is whoever receives bytes: a replication connection, a spool file, a test fixture.
/// **Right** is whoever assembles messages into transactions.
///
/// Everything here is immutable and may be shared between threads, as long as nobody writes into a decoded buffer.
///
/// Formats: https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
@NullMarked
package org.pgmigrator.decoder;

import org.jspecify.annotations.NullMarked;
