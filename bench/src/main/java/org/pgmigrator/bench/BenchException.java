package org.pgmigrator.bench;

/// A measurement that cannot be made, or that must not be believed.
public final class BenchException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public BenchException(String message) {
        super(message);
    }
}
