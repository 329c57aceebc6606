package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkloadNameTest {
    @ParameterizedTest
    @CsvSource({
        "StatefulSet/db, StatefulSet, db, true",
        "StatefulSet/db, StatefulSet, db-2, false",
        "Deployment/web, ReplicaSet, web-5d4f8c9b7, true",
        "Deployment/web, ReplicaSet, web-api-5d4f8c9b7, false",
        "Deployment/web, ReplicaSet, web, false",
        "Deployment/web, StatefulSet, web, false",
        "Job/web, ReplicaSet, other-5d4f8c9b7, false",
    })
    void aWorkloadControlsItsOwnPodsAndThoseOfItsReplicaSets(
            String workload, String ownerKind, String ownerName, boolean controls) {
        assertThat(WorkloadName.parse(workload).controls(ownerKind, ownerName)).isEqualTo(controls);
        assertThat(WorkloadName.parse(workload)).hasToString(workload);
    }
}
