package io.breakwater.trust;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Layout;
import io.breakwater.trust.ContentRule.Asker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who vouches for content, who asks for it, and what follows from both. */
class ContentRuleTest {
    private static final String OPERATOR = "ops";

    @ParameterizedTest
    @CsvSource({"ops, Breakwater, true", "ops, Velero, false", "shop, Breakwater, false", "shop, Velero, false"})
    void trustsSealsThatOnlyTheOperatorHasTheKeyOf(String namespace, Layout layout, boolean vouched) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace(namespace);
        location.setSpec(new BackupLocationSpec());
        location.getSpec().layout = layout;
        assertThat(ContentRule.isVouchedFor(location, OPERATOR)).isEqualTo(vouched);
    }

    @Test
    void takesHarmlessObjectsWhoeverAsks() {
        for (Asker asker : Asker.values()) {
            assertThat(new ContentRule(false, asker).mayTake(false, false, false))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({
        // vouched, who asks, grants rights, cluster-scoped, named, taken
        "true,  OPERATOR,      true,  true,  false, true",
        "false, OPERATOR,      true,  false, true,  false",
        "false, OPERATOR,      false, true,  true,  false",
        "false, USER,          true,  false, false, false",
        "false, USER,          false, true,  false, false",
        "false, USER,          true,  true,  true,  true",
        "false, USER,          true,  false, true,  true"
    })
    void combinesBothQuestions(
            boolean vouched, Asker asker, boolean grants, boolean cluster, boolean named, boolean taken) {
        assertThat(new ContentRule(vouched, asker).mayTake(grants, cluster, named))
                .isEqualTo(taken);
    }
}
