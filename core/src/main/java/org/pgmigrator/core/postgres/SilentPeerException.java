package org.pgmigrator.core.postgres;

import java.io.IOException;

/// A connection was given up because nothing came or went on it any more: [SilenceWatch] has cut it, and says why.
final class SilentPeerException extends IOException {

    private static final long serialVersionUID = 1;

    SilentPeerException(String message, Throwable cause) {
        super(message, cause);
    }
}
