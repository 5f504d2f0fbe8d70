package org.pgmigrator.core.stream;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.stream.StreamItem.IdlePosition;
import org.pgmigrator.core.stream.StreamItem.TransactionPart;
import org.pgmigrator.decoder.Framing;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.PgOutputDecoder;

/// Decodes messages, puts them together to transactions, and hands these to the applier. Confined to one thread.
public final class QueueSink implements FrameSink {

    private final ChangeQueue queue;
    private final TransactionAssembler assembler;

    /// What is ready and did not fit yet; nothing is accepted before it has.
    private @Nullable TransactionPart waiting;

    /// @param carried which relations are migrated; changes of others are dropped here
    public QueueSink(Predicate<QualifiedName> carried, ChangeQueue queue) {
        this.queue = queue;
        this.assembler = new TransactionAssembler(carried);
    }

    @Override
    public boolean awaitRoom(Duration limit) throws InterruptedException {
        TransactionPart part = waiting;
        if (part != null && queue.offer(part, limit)) {
            waiting = null;
        }
        return waiting == null;
    }

    @Override
    public void accept(Lsn position, ByteBuffer message) {
        int size = message.remaining();
        waiting = assembler
                .accept(PgOutputDecoder.decode(message, Framing.TOP_LEVEL), size)
                .orElse(null);
    }

    @Override
    public void pause() {}

    @Override
    public boolean isInsideTransaction() {
        return assembler.isInsideTransaction();
    }

    @Override
    public boolean idle(Lsn position) throws InterruptedException {
        return queue.offer(new IdlePosition(position), Duration.ZERO);
    }

    @Override
    public boolean isAbandoned() {
        return queue.isAbandoned();
    }
}
