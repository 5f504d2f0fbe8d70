package org.pgmigrator.core.spool;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.decoder.Lsn;

/// A source that sends transactions in progress, as a walsender with protocol version 2 does: blocks of several
/// transactions between each other and between whole ones, subtransactions within each other, rollbacks that are told
/// only of what was sent.
final class StreamedSource {

    private static final int OID = 16384;

    final Source whole;
    private final Random random;
    private final List<Wire> wire = new ArrayList<>();
    private int nextXid;

    /// @param seed  of everything random
    /// @param first transaction id, of 32 bits
    StreamedSource(long seed, Lsn start, int first) {
        this.whole = new Source(seed, start);
        this.random = new Random(seed);
        this.nextXid = first;
    }

    /// A message as it was sent.
    static final class Wire {
        private final Owner owner;
        private final byte[] message;

        Wire(Owner owner, byte[] message) {
            this.owner = owner;
            this.message = message;
        }

        Owner owner() {
            return owner;
        }

        /// Empty for an idle position.
        byte[] message() {
            return message;
        }
    }

    /// Whose a message is.
    static class Owner {
        /// Of a transaction that does not end: behind everything.
        Lsn end = SpoolFixture.EVERYTHING;
    }

    List<Wire> wire() {
        return wire;
    }

    List<Source.Sent> sent() {
        return whole.sent();
    }

    Lsn end() {
        return whole.end();
    }

    /// What a walsender sends to whom has everything up to `from`.
    List<Wire> after(Lsn from) {
        return wire.stream().filter(part -> part.owner().end.isAfter(from)).toList();
    }

    void ordinary() {
        boolean idle = random.nextInt(8) == 0;
        Source.Sent sent = idle ? whole.idle() : whole.transaction();
        Owner owner = new Owner();
        owner.end = sent.end();
        sent.messages().forEach(message -> wire.add(new Wire(owner, message)));
        if (idle) {
            wire.add(new Wire(owner, new byte[0]));
        }
    }

    Transaction begin() {
        return new Transaction();
    }

    /// A transaction in progress.
    final class Transaction extends Owner {
        private final Sub top = new Sub(null);
        private final Deque<Sub> stack = new ArrayDeque<>(List.of(top));
        private final List<Change> sent = new ArrayList<>();
        private final List<Change> unsent = new ArrayList<>();
        private boolean described;
        private boolean streamed;

        private static final class Change {
            private final Transaction.Sub sub;
            private final byte[] message;

            Change(Transaction.Sub sub, byte[] message) {
                this.sub = sub;
                this.message = message;
            }
        }

        final class Sub {
            final @Nullable Sub parent;
            final Set<Sub> children = new LinkedHashSet<>();
            int xid;
            boolean assigned;
            boolean wasSent;

            Sub(@Nullable Sub parent) {
                this.parent = parent;
            }

            /// A parent has its id before its child.
            void assign() {
                if (!assigned) {
                    if (parent != null) {
                        parent.assign();
                    }
                    assigned = true;
                    xid = nextXid++;
                    // The first three mean something else.
                    nextXid = nextXid == 0 ? 3 : nextXid;
                }
            }
        }

        int depth() {
            return stack.size();
        }

        void row(int size) {
            Sub sub = stack.getFirst();
            sub.assign();
            unsent.add(new Change(sub, whole.row(size)));
        }

        void savepoint() {
            Sub sub = new Sub(stack.getFirst());
            stack.getFirst().children.add(sub);
            stack.push(sub);
        }

        void release() {
            stack.pop();
        }

        /// As `ROLLBACK TO` a savepoint that is so many levels up, with those inside it.
        void rollBack(int levels) {
            Sub outermost = stack.getFirst();
            for (int i = 0; i < levels; i++) {
                outermost = stack.pop();
            }
            stack.getFirst().children.remove(outermost);
            Set<Sub> gone = new HashSet<>();
            rollBack(outermost, gone);
            sent.removeIf(change -> gone.contains(change.sub));
            unsent.removeIf(change -> gone.contains(change.sub));
        }

        private void rollBack(Sub sub, Set<Sub> gone) {
            sub.children.forEach(child -> rollBack(child, gone));
            gone.add(sub);
            if (sub.wasSent) {
                put(abort(top.xid, sub.xid));
                described = false;
            }
        }

        /// A stream block with all that is unsent.
        void block() {
            top.assign();
            put(start(top.xid, !streamed));
            streamed = true;
            top.wasSent = true;
            for (Change change : unsent) {
                if (!described) {
                    described = true;
                    byte[] relation = Source.relation(OID, "public.t");
                    sent.add(new Change(change.sub, relation));
                    put(inBlock(change.sub.xid, relation));
                }
                change.sub.wasSent = true;
                sent.add(change);
                put(inBlock(change.sub.xid, change.message));
            }
            unsent.clear();
            put(new byte[] {'E'});
        }

        Source.Sent commit() {
            block();
            Source.Sent committed =
                    whole.commit(sent.stream().map(change -> change.message).toList());
            end = committed.end();
            ByteBuffer commit = ByteBuffer.wrap(committed.messages().getLast());
            put(ByteBuffer.allocate(30)
                    .put((byte) 'c')
                    .putInt(top.xid)
                    .put((byte) 0)
                    .putLong(commit.getLong(2))
                    .putLong(commit.getLong(10))
                    .putLong(commit.getLong(18))
                    .array());
            ByteBuffer.wrap(committed.messages().getFirst()).putInt(17, top.xid);
            return committed;
        }

        void rollBackAll() {
            if (streamed) {
                put(abort(top.xid, top.xid));
            }
        }

        private void put(byte[] message) {
            wire.add(new Wire(this, message));
        }

        int xid() {
            return top.xid;
        }
    }

    static byte[] start(int xid, boolean first) {
        return ByteBuffer.allocate(6)
                .put((byte) 'S')
                .putInt(xid)
                .put((byte) (first ? 1 : 0))
                .array();
    }

    static byte[] abort(int xid, int sub) {
        return ByteBuffer.allocate(9).put((byte) 'A').putInt(xid).putInt(sub).array();
    }

    static byte[] inBlock(int xid, byte[] message) {
        return ByteBuffer.allocate(message.length + 4)
                .put(message[0])
                .putInt(xid)
                .put(message, 1, message.length - 1)
                .array();
    }

    /// So many steps of a few clients at once.
    ///
    /// @param largestRow of most of them; a few are as large as several blocks
    void clients(int steps, int largestRow) {
        List<Transaction> open = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            if (open.size() < 4 && random.nextInt(6) == 0) {
                open.add(begin());
            }
            if (open.isEmpty() || random.nextInt(10) == 0) {
                ordinary();
                continue;
            }
            Transaction one = open.get(random.nextInt(open.size()));
            if (oneStep(one, largestRow)) {
                open.remove(one);
            }
        }
        open.forEach(Transaction::commit);
    }

    private boolean oneStep(Transaction one, int largestRow) {
        int kind = random.nextInt(60);
        if (kind < 10) {
            one.savepoint();
        } else if (kind < 14 && one.depth() > 1) {
            one.release();
        } else if (kind < 20 && one.depth() > 1) {
            one.rollBack(1 + random.nextInt(one.depth() - 1));
        } else if (kind < 26) {
            one.block();
        } else if (kind == 26) {
            one.commit();
            return true;
        } else if (kind == 27) {
            one.rollBackAll();
            return true;
        } else {
            one.row(random.nextInt(500) == 0 ? 600_000 : random.nextInt(largestRow));
        }
        return false;
    }
}
