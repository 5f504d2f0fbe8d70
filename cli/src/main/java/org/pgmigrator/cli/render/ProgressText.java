package org.pgmigrator.cli.render;

import java.util.Locale;
import org.pgmigrator.core.progress.ProgressEvent;

/// The moving numbers of a migration in one line each, always the same fields in the same order.
final class ProgressText {

    private ProgressText() {}

    /// `replication lag 1,245,184 bytes (0.8 s) · applied 0/5A3C1F8 · 3,410 changes/s · slot ok · WAL held 12.0 MB`
    static String lag(ProgressEvent.Lag lag) {
        String behind = lag.lagBytes() < 0 ? "unknown" : Wording.count(lag.lagBytes()) + " bytes";
        String rate = Double.isFinite(lag.changesPerSecond())
                ? String.format(Locale.ROOT, "%,.0f", lag.changesPerSecond())
                : "unknown";
        String held = lag.retainedBytes().isPresent()
                ? Wording.size(lag.retainedBytes().getAsLong())
                : "unknown";
        return "replication lag " + behind + " (" + Wording.seconds(lag.lagSeconds()) + ") · applied "
                + lag.appliedLsn() + " · " + rate + " changes/s · slot " + slot(lag.slotWalStatus()) + " · WAL held "
                + held
                + (lag.safeWalBytes().isPresent()
                        ? " (room for " + Wording.size(lag.safeWalBytes().getAsLong()) + " more)"
                        : "");
    }

    /// The slot's `wal_status` as a judgement: https://www.postgresql.org/docs/current/view-pg-replication-slots.html
    static String slot(String walStatus) {
        return switch (walStatus) {
            case "reserved" -> "ok";
            case "extended" -> "ok (extended)";
            case "unreserved" -> "ABOUT TO BE LOST (unreserved: raise max_slot_wal_keep_size)";
            case "lost" -> "LOST";
            default -> walStatus.isEmpty() ? "unknown" : walStatus;
        };
    }

    /// `spool 12.0 MB of at most 100.0 GB · received 0/5A3C1F8 · durable 0/5A3C1F0`
    static String spool(ProgressEvent.SpoolNews spool) {
        return "spool " + Wording.size(spool.bytes()) + " of at most " + Wording.size(spool.limitBytes())
                + (spool.full() ? " (FULL: the source keeps its WAL)" : "") + " · received "
                + spool.receivedLsn() + " · durable " + spool.durableLsn();
    }

    /// `12 of 40 objects · 1.2 GB of about 3.4 GB (35 %) · public.orders`; never 100 % before the end.
    static String copy(ProgressEvent.CopyProgress progress) {
        StringBuilder text = new StringBuilder();
        text.append(Wording.count(progress.objectsDone()));
        if (progress.objectsTotal() > 0) {
            text.append(" of ").append(Wording.count(progress.objectsTotal()));
        }
        text.append(" objects · ").append(Wording.size(progress.bytesDone()));
        if (progress.bytesTotal() > 0) {
            boolean allDone = progress.objectsTotal() > 0 && progress.objectsDone() == progress.objectsTotal();
            // The total is an estimate, so that the bytes alone never prove the end.
            double share = 100.0 * progress.bytesDone() / progress.bytesTotal();
            text.append(" of about ")
                    .append(Wording.size(progress.bytesTotal()))
                    .append(" (")
                    .append(allDone ? 100 : (int) Math.min(99, share))
                    .append(" %)");
        }
        if (!progress.current().isEmpty()) {
            text.append(" · ").append(progress.current());
        }
        return text.toString();
    }

    /// `drain (12 ms): the target has passed 0/5A3C1F8`
    static String step(ProgressEvent.CutoverStep step) {
        String detail = step.detail().isEmpty() ? "" : ": " + step.detail();
        return step.step() + " (" + Wording.duration(step.elapsed()) + ")" + detail;
    }

    /// ` at 0/5A3C1F8 · 340 ms from the wish to the open target · writes kept away for 120 ms`
    static String complete(ProgressEvent.CutoverComplete complete) {
        return " at " + complete.finalLsn() + " · " + Wording.duration(complete.elapsed())
                + " from the wish to the open target"
                + complete.writeDowntime()
                        .map(downtime -> " · writes kept away for " + Wording.duration(downtime))
                        .orElse("");
    }
}
