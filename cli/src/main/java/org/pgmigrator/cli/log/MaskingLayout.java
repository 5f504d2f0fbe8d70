package org.pgmigrator.cli.log;

import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.ILoggingEvent;

/// One log line, stack trace included, with every password masked.
final class MaskingLayout extends PatternLayout {

    @Override
    public String doLayout(ILoggingEvent event) {
        return PasswordMask.mask(super.doLayout(event));
    }
}
