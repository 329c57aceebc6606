package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.Quota;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestStores;
import java.util.function.LongSupplier;

/** Quotas for tests of other packages. */
public final class TestQuotas {
    private TestQuotas() {}

    /** Of the repositories of a site in one store, by a clock of the test's. */
    public static Quotas of(ObjectStore store, String site, LongSupplier nanos) {
        return new Quotas(TestStores.always(store), site, nanos);
    }

    /** A location in which each namespace may hold so much. */
    public static BackupLocation location(String perNamespace) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace("sys");
        location.getMetadata().setName("blob");
        location.getMetadata().setUid("blob");
        location.setSpec(new BackupLocationSpec());
        location.getSpec().quota = new Quota();
        location.getSpec().quota.perNamespace = perNamespace;
        return location;
    }
}
