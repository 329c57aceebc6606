package io.breakwater.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Names the alerts that a test proves with an {@link AlertProof} each. The test fails when a proof is missing. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ProvesAlerts.CompletenessCheck.class)
public @interface ProvesAlerts {
    String[] value();

    /** Compares the names with the proofs that the test completed. */
    final class CompletenessCheck implements BeforeEachCallback, AfterEachCallback {
        @Override
        public void beforeEach(ExtensionContext context) {
            AlertProof.CHECKED.get().clear();
        }

        @Override
        public void afterEach(ExtensionContext context) {
            if (context.getExecutionException().isEmpty()) {
                String[] named = context.getRequiredTestMethod()
                        .getAnnotation(ProvesAlerts.class)
                        .value();
                assertThat(AlertProof.CHECKED.get()).as("alerts with a proof").containsExactlyInAnyOrder(named);
            }
        }
    }
}
