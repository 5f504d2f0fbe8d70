package org.pgmigrator.core.validate;

/// Both sides, for what depends on their difference.
record PairView(SourceView source, TargetView target) {

    Request request() {
        return source.request();
    }
}
