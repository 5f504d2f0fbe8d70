package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.NotBlank;

class CatalogFingerprintTest {

    @Property(tries = 300)
    void whatIsStoredIsReadBackWhateverATableIsCalled(@ForAll @NotBlank @CharRange(from = 1, to = 0x2FFF) String name) {
        CatalogFingerprint fingerprint = new CatalogFingerprint(Map.of(name, "0123456789ab", "x\\n\n\r" + name, "ab"));

        assertThat(CatalogFingerprint.parse(fingerprint.toText())).isEqualTo(fingerprint);
    }
}
