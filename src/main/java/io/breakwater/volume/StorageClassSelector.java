package io.breakwater.volume;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Selects the StorageClass of a new claim. A class is looked up by name and by driver, because another class can have taken the
 * name. Where several classes fit, the default class comes first, then the order of names decides.
 */
public final class StorageClassSelector {
    /** Provisioner of classes whose volumes an administrator creates by hand. */
    private static final String MANUAL = "kubernetes.io/no-provisioner";

    private static final List<String> DEFAULTS =
            List.of("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class");

    /** Where a claim names its class if its spec does not; Kubernetes still honours it. */
    private static final String LEGACY = "volume.beta.kubernetes.io/storage-class";

    private final KubernetesClient client;
    private final List<StorageClass> planned;

    public StorageClassSelector(KubernetesClient client) {
        this(client, List.of());
    }

    /** @param planned classes that will exist too; a class of the cluster with the same name takes precedence */
    public StorageClassSelector(KubernetesClient client, List<StorageClass> planned) {
        this.client = client;
        this.planned = planned;
    }

    /** The class that a claim names; null if it leaves the choice to the cluster. */
    public static String nameOf(PersistentVolumeClaim claim) {
        Map<String, String> annotations = claim.getMetadata().getAnnotations();
        String legacy = annotations == null ? null : annotations.get(LEGACY);
        return legacy == null ? claim.getSpec().getStorageClassName() : legacy;
    }

    public Optional<StorageClass> find(String name) {
        return name == null || name.isEmpty()
                ? Optional.empty()
                : Optional.ofNullable(client.storage()
                                .v1()
                                .storageClasses()
                                .withName(name)
                                .get())
                        .or(() -> planned.stream()
                                .filter(c -> nameOf(c).equals(name))
                                .findFirst());
    }

    private List<StorageClass> all() {
        List<StorageClass> all =
                new ArrayList<>(client.storage().v1().storageClasses().list().getItems());
        Set<String> names = all.stream().map(StorageClassSelector::nameOf).collect(Collectors.toSet());
        planned.stream().filter(c -> !names.contains(nameOf(c))).forEach(all::add);
        return all;
    }

    private static String nameOf(StorageClass storageClass) {
        return storageClass.getMetadata().getName();
    }

    /** The class that the cluster uses for a claim without a class: the newest default, as the API server chooses it. */
    public Optional<StorageClass> defaultClass() {
        return all().stream()
                .filter(StorageClassSelector::isDefault)
                .min(Comparator.comparing(
                                (StorageClass c) -> text(c.getMetadata().getCreationTimestamp()),
                                Comparator.reverseOrder())
                        .thenComparing(c -> c.getMetadata().getName()));
    }

    /** A class whose volumes the driver creates. */
    public Optional<StorageClass> ofDriver(String driver) {
        return all().stream()
                .filter(c -> driver.equals(c.getProvisioner()))
                .min(Comparator.comparing((StorageClass c) -> !isDefault(c))
                        .thenComparing(c -> c.getMetadata().getName()));
    }

    /** Whether the class creates a volume for each claim. */
    public static boolean isProvisioning(StorageClass storageClass) {
        return !MANUAL.equals(storageClass.getProvisioner());
    }

    private static boolean isDefault(StorageClass c) {
        Map<String, String> annotations = c.getMetadata().getAnnotations();
        return annotations != null && DEFAULTS.stream().anyMatch(a -> "true".equals(annotations.get(a)));
    }

    private static String text(String value) {
        return value == null ? "" : value;
    }
}
