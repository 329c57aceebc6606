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

    /** Quotas of a site in one store, with the clock of a test. */
    public static Quotas of(ObjectStore store, String site, LongSupplier nanos) {
        return new Quotas(TestStores.always(store), TestRegister.of(store), site, nanos);
    }

    /** A location with this quota for each namespace. */
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
