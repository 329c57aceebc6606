package io.breakwater.mover;

import io.breakwater.api.MoverSettings;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Requests and limits of a mover's container. An amount of the policy stays as it is. Other amounts are the defaults of the
 * installation, changed such that quotas and limits of the namespace admit the pod.
 */
final class MoverResources {
    private static final String CPU = "cpu";
    private static final String MEMORY = "memory";
    private static final String STORAGE = "ephemeral-storage";

    /** Room for the log of a mover, in addition to its temporary directory. */
    private static final Quantity LOGS = new Quantity("1Gi");

    /** Amounts for a namespace that demands them. There is no limit of CPU elsewhere, because it would slow the mover down. */
    private static final Map<String, Quantity> REQUESTS =
            Map.of(CPU, new Quantity("50m"), MEMORY, new Quantity("128Mi"), STORAGE, new Quantity("64Mi"));

    private static final Map<String, Quantity> LIMITS = Map.of(CPU, new Quantity("1"), MEMORY, new Quantity("1Gi"));

    /** A mover with less than this does not work well. */
    private static final Map<String, Quantity> FLOORS =
            Map.of(CPU, new Quantity("100m"), MEMORY, new Quantity("256Mi"), STORAGE, LOGS);

    private final NamespaceLimits namespace;
    private final MoverPodDefaults.Amounts defaults;
    private final Map<String, Quantity> requests = new LinkedHashMap<>();
    private final Map<String, Quantity> limits = new LinkedHashMap<>();

    private MoverResources(MoverPodDefaults.Amounts defaults, NamespaceLimits namespace) {
        this.defaults = defaults;
        this.namespace = namespace;
    }

    /**
     * @param wanted the resources of the policy; null for the defaults
     * @param tmp size limit of the temporary directory. Storage of the node is bounded in any case
     */
    static ResourceRequirements of(
            MoverSettings.Resources wanted, String tmp, MoverPodDefaults.Amounts defaults, NamespaceLimits namespace) {
        MoverResources resources = new MoverResources(defaults, namespace);
        Map<String, Quantity> requests = wanted == null ? Map.of() : amounts(wanted.requests);
        Map<String, Quantity> limits = wanted == null ? Map.of() : amounts(wanted.limits);
        for (String name : new String[] {CPU, MEMORY}) {
            resources.add(
                    name,
                    requests.get(name),
                    limits.get(name),
                    wanted == null ? defaults.requests().get(name) : null,
                    wanted == null ? defaults.limits().get(name) : null);
        }
        resources.add(STORAGE, null, null, REQUESTS.get(STORAGE), new Quantity(tmp).add(LOGS));
        return new ResourceRequirementsBuilder()
                .withRequests(resources.requests)
                .withLimits(resources.limits)
                .build();
    }

    private static Map<String, Quantity> amounts(MoverSettings.Amounts wanted) {
        Map<String, Quantity> amounts = new LinkedHashMap<>();
        if (wanted != null && wanted.cpu != null) {
            amounts.put(CPU, new Quantity(wanted.cpu));
        }
        if (wanted != null && wanted.memory != null) {
            amounts.put(MEMORY, new Quantity(wanted.memory));
        }
        return amounts;
    }

    /** @param chosenRequest, chosenLimit of the policy; null where it has none */
    private void add(
            String name,
            Quantity chosenRequest,
            Quantity chosenLimit,
            Quantity ordinaryRequest,
            Quantity ordinaryLimit) {
        Quantity limit = chosenLimit;
        if (limit == null) {
            limit = ordinaryLimit == null && namespace.demandsLimit(name) ? fallback(name) : ordinaryLimit;
            limit = limit == null ? null : lowered(name, limit, chosenRequest);
        }
        Quantity request = chosenRequest;
        if (request == null) {
            request = ordinaryRequest == null && namespace.demandsRequest(name)
                    ? defaults.requests().getOrDefault(name, REQUESTS.get(name))
                    : ordinaryRequest;
            request = request == null && limit == null ? null : raised(name, request, limit);
        }
        if (request != null) {
            requests.put(name, request);
        }
        if (limit != null) {
            limits.put(name, limit);
        }
    }

    private Quantity fallback(String name) {
        return defaults.limits().getOrDefault(name, LIMITS.get(name));
    }

    /** The limit, at most what the namespace permits, and at least the request of the policy. */
    private Quantity lowered(String name, Quantity limit, Quantity chosenRequest) {
        BigDecimal amount = limit.getNumericalAmount();
        BigDecimal most = namespace
                .most(name, FLOORS.get(name).getNumericalAmount())
                .map(amount::min)
                .orElse(amount);
        most = namespace.least(name).map(most::max).orElse(most);
        BigDecimal enough = chosenRequest == null ? most : most.max(chosenRequest.getNumericalAmount());
        return quantity(name, limit, enough, RoundingMode.FLOOR);
    }

    /** The request, at least what the namespace permits, and at most the limit. Null if there is none, and none is demanded. */
    private Quantity raised(String name, Quantity request, Quantity limit) {
        BigDecimal ratio = limit == null ? null : namespace.ratio(name).orElse(null);
        if (request == null && ratio == null) {
            return null;
        }
        BigDecimal amount = request == null ? BigDecimal.ZERO : request.getNumericalAmount();
        BigDecimal least = namespace.least(name).map(amount::max).orElse(amount);
        if (limit == null) {
            return quantity(name, request, least, RoundingMode.CEILING);
        }
        if (ratio != null) {
            least = least.max(limit.getNumericalAmount().divide(ratio, 3, RoundingMode.UP));
        }
        return quantity(name, request, least.min(limit.getNumericalAmount()), RoundingMode.CEILING);
    }

    /** The quantity as it was written if it has this amount. */
    private static Quantity quantity(String name, Quantity written, BigDecimal amount, RoundingMode rounding) {
        if (written != null && written.getNumericalAmount().compareTo(amount) == 0) {
            return written;
        }
        return CPU.equals(name)
                ? new Quantity(amount.movePointRight(3).setScale(0, rounding) + "m")
                : new Quantity(amount.setScale(0, rounding).toPlainString());
    }
}
