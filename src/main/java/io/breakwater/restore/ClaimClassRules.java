package io.breakwater.restore;

import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.volume.StorageClassSelector;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Chooses the StorageClass of a claim that is created again, and removes the fields that this class does not accept. A class that
 * does not exist is replaced: for a snapshot, by a class of its driver; otherwise by the default class. A class that creates
 * volumes accepts no {@code spec.selector}, and only its own driver knows a {@code spec.volumeAttributesClassName}.
 */
final class ClaimClassRules {
    private static final List<String> ATTRIBUTES = List.of(
            "/apis/storage.k8s.io/v1/volumeattributesclasses/",
            "/apis/storage.k8s.io/v1beta1/volumeattributesclasses/");

    private final KubernetesClient client;
    private final StorageClassSelector classes;
    private final PlannedClasses planned;

    /** @param planned classes that exist before the claim does */
    ClaimClassRules(KubernetesClient client, PlannedClasses planned) {
        this.client = client;
        this.classes = new StorageClassSelector(client, planned.storage());
        this.planned = planned;
    }

    /**
     * Changes the claim.
     *
     * @param filled whether a mover fills the claim, or a snapshot does
     * @param driver the driver of the snapshot that the claim is created from; null without one
     * @return the deviations from the captured claim
     */
    List<String> apply(PersistentVolumeClaim claim, boolean filled, String driver) {
        List<String> deviations = new ArrayList<>();
        PersistentVolumeClaimSpec spec = claim.getSpec();
        String name = spec.getStorageClassName();
        boolean waitsForVolume = "".equals(name) && (!filled || hasVolume(claim));
        if (waitsForVolume) {
            return deviations;
        }
        Optional<StorageClass> found = classes.find(name);
        if (found.isEmpty() && name != null) {
            found = replace(spec, name, driver, deviations);
        } else if (name == null) {
            found = classes.defaultClass();
        }
        boolean provisions = found.map(StorageClassSelector::isProvisioning).orElse(name != null);
        if (spec.getSelector() != null && provisions) {
            spec.setSelector(null);
            deviations.add("spec.selector was removed, because the volume is created by the StorageClass");
        }
        attributes(spec, found, deviations);
        return deviations;
    }

    private Optional<StorageClass> replace(
            PersistentVolumeClaimSpec spec, String name, String driver, List<String> deviations) {
        String cause = name.isEmpty()
                ? "it has no StorageClass, and no available PersistentVolume without a class fits it"
                : "StorageClass " + name + " does not exist in this cluster";
        Optional<StorageClass> standard = classes.defaultClass();
        boolean fits = driver == null
                || standard.filter(c -> driver.equals(c.getProvisioner())).isPresent();
        Optional<StorageClass> other = fits ? standard : classes.ofDriver(driver);
        spec.setStorageClassName(
                fits ? null : other.map(c -> c.getMetadata().getName()).orElse(null));
        deviations.add(cause + ", so "
                + (fits || other.isEmpty()
                        ? "the default class is used"
                        : "StorageClass " + other.get().getMetadata().getName() + " of the same driver is used"));
        return other;
    }

    private void attributes(PersistentVolumeClaimSpec spec, Optional<StorageClass> chosen, List<String> deviations) {
        String name = spec.getVolumeAttributesClassName();
        if (name == null || name.isEmpty()) {
            return;
        }
        ApiServer server = new ApiServer(client);
        Optional<String> driver = ATTRIBUTES.stream()
                .map(path -> server.get(path + ApiKind.encoded(name)))
                .filter(ApiServer.Answer::isOk)
                .map(a -> a.body().path("driverName").asText())
                .findFirst()
                .or(() -> Optional.ofNullable(planned.attributes().get(name)));
        if (driver.isEmpty() || !driver.equals(chosen.map(StorageClass::getProvisioner))) {
            spec.setVolumeAttributesClassName(null);
            deviations.add("VolumeAttributesClass " + name
                    + " does not exist for the driver of its StorageClass, so the attributes of the class are used");
        }
    }

    /** Whether an available volume without a class fits the claim. */
    private boolean hasVolume(PersistentVolumeClaim claim) {
        return client.persistentVolumes().list().getItems().stream().anyMatch(v -> fits(v, claim));
    }

    private static boolean fits(PersistentVolume volume, PersistentVolumeClaim claim) {
        String storageClass = volume.getSpec().getStorageClassName();
        boolean available = volume.getStatus() != null
                && "Available".equals(volume.getStatus().getPhase())
                && volume.getSpec().getClaimRef() == null
                && (storageClass == null || storageClass.isEmpty());
        return available
                && volume.getSpec().getAccessModes().containsAll(claim.getSpec().getAccessModes())
                && mode(volume.getSpec().getVolumeMode())
                        .equals(mode(claim.getSpec().getVolumeMode()))
                && isSelected(volume, claim)
                && size(volume.getSpec().getCapacity().get("storage"))
                                .compareTo(size(claim.getSpec()
                                        .getResources()
                                        .getRequests()
                                        .get("storage")))
                        >= 0;
    }

    private static boolean isSelected(PersistentVolume volume, PersistentVolumeClaim claim) {
        if (claim.getSpec().getSelector() == null) {
            return true;
        }
        Map<String, String> wanted = claim.getSpec().getSelector().getMatchLabels();
        Map<String, String> labels = volume.getMetadata().getLabels();
        boolean simple = claim.getSpec().getSelector().getMatchExpressions().isEmpty();
        return simple && (wanted == null || labels != null && labels.entrySet().containsAll(wanted.entrySet()));
    }

    private static String mode(String mode) {
        return mode == null ? "Filesystem" : mode;
    }

    private static BigDecimal size(Quantity quantity) {
        return quantity == null ? BigDecimal.ZERO : quantity.getNumericalAmount();
    }
}
