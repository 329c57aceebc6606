package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TenancyCheckTest {
    private static final String OPERATOR = "breakwater-system";

    @ParameterizedTest
    @CsvSource({"shop,, true", "shop, shop, true", "shop, bank, false", "breakwater-system, bank, true"})
    void allowsOnlyAdministratorsToWriteElsewhere(String own, String target, boolean allowed) {
        Restore restore = restore(own);
        restore.getSpec().targetNamespace = target;
        check(() -> TenancyCheck.checkTarget(restore, OPERATOR), allowed);
    }

    @ParameterizedTest
    @CsvSource({"shop, shop, true", "shop, bank, false", "breakwater-system, bank, true"})
    void allowsOnlyAdministratorsToReadForeignPoints(String own, String source, boolean allowed) {
        check(() -> TenancyCheck.checkSource(restore(own, source), OPERATOR), allowed);
    }

    private static void check(Runnable check, boolean allowed) {
        if (allowed) {
            assertThatCode(check::run).doesNotThrowAnyException();
        } else {
            assertThatThrownBy(check::run).hasMessageContaining(OPERATOR);
        }
    }

    private static Restore restore(String namespace, String source) {
        Restore restore = restore(namespace);
        restore.getSpec().sourceNamespace = source;
        return restore;
    }

    private static Restore restore(String namespace) {
        Restore restore = new Restore();
        restore.getMetadata().setNamespace(namespace);
        restore.setSpec(new RestoreSpec());
        return restore;
    }
}
