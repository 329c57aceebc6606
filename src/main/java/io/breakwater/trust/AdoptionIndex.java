package io.breakwater.trust;

import io.breakwater.store.CapturedNamespace;
import io.fabric8.kubernetes.api.model.Namespace;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** The namespaces of this cluster at one moment, and what they adopt. {@link AdoptionRule#index} makes one. */
public final class AdoptionIndex {
    private final Map<String, Namespace> objects = new HashMap<>();
    private final Map<String, CapturedNamespace> present = new LinkedHashMap<>();
    private final Map<CapturedNamespace, List<AdoptedHistory>> adopted = new LinkedHashMap<>();
    private final Predicate<CapturedNamespace> exists;
    private final Predicate<Namespace> unchecked;

    /** @param namespaces those that exist and are not being deleted */
    AdoptionIndex(
            Map<CapturedNamespace, Namespace> namespaces,
            AdoptionRule rule,
            Predicate<CapturedNamespace> exists,
            Predicate<Namespace> unchecked) {
        this.exists = exists;
        this.unchecked = unchecked;
        namespaces.forEach((own, object) -> {
            present.put(own.name(), own);
            objects.put(own.name(), object);
            List<AdoptedHistory> earlier = rule.earlier(own);
            if (!earlier.isEmpty()) {
                adopted.put(own, earlier);
            }
        });
    }

    /** The namespace of this name; empty when it does not exist, or is being deleted. */
    public Optional<CapturedNamespace> named(String name) {
        return Optional.ofNullable(present.get(name));
    }

    /** Names of the namespaces that adopt the data of another one. */
    public List<String> adopters(CapturedNamespace source) {
        return exists.test(source)
                ? List.of()
                : adopted.entrySet().stream()
                        .filter(entry -> entry.getValue().stream().anyMatch(history -> history.contains(source)))
                        .map(entry -> entry.getKey().name())
                        .toList();
    }

    /** Whether the namespace of this name has an annotation for adoption that the webhook did not review. */
    public boolean isUnchecked(String name) {
        return Optional.ofNullable(objects.get(name)).filter(unchecked).isPresent();
    }
}
