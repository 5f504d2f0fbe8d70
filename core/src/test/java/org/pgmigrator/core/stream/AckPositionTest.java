package org.pgmigrator.core.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.pgmigrator.decoder.Lsn;

class AckPositionTest {

    @Test
    void theAcknowledgedPositionNeverGoesBack() {
        AckPosition position = new AckPosition(Lsn.parse("0/100"));
        position.acknowledge(Lsn.parse("0/50"));
        assertThat(position.get()).isEqualTo(Lsn.parse("0/100"));
        position.acknowledge(Lsn.parse("0/200"));
        position.acknowledge(Lsn.parse("0/150"));
        assertThat(position.get()).isEqualTo(Lsn.parse("0/200"));
    }

    @Test
    void positionsAreComparedUnsigned() {
        AckPosition position = new AckPosition(Lsn.parse("7FFFFFFF/FFFFFFFF"));
        position.acknowledge(Lsn.parse("80000000/0"));
        assertThat(position.get()).isEqualTo(Lsn.parse("80000000/0"));
    }
}
