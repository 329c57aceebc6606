package io.breakwater.mover;

import io.fabric8.kubernetes.api.model.LimitRange;
import io.fabric8.kubernetes.api.model.LimitRangeItem;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.ScopeSelector;
import io.fabric8.kubernetes.api.model.ScopedResourceSelectorRequirement;
import java.math.BigDecimal;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/** What the ResourceQuotas and LimitRanges of a namespace demand from the only container of a pod. */
record NamespaceLimits(List<ResourceQuota> quotas, List<LimitRange> ranges) {
    static final NamespaceLimits NONE = new NamespaceLimits(List.of(), List.of());

    /** Scopes that include the pod of a mover. Its Job has a deadline, and the pod has none. */
    private static final Set<String> COUNTING = Set.of("NotTerminating", "NotBestEffort");

    private static final String LIMITS = "limits.";
    private static final String REQUESTS = "requests.";

    /**
     * The limits for pods of movers. Quotas of other pods do not count.
     *
     * @param priorityClass of the pods; may be null
     */
    static NamespaceLimits of(List<ResourceQuota> quotas, List<LimitRange> ranges, String priorityClass) {
        return new NamespaceLimits(
                quotas.stream().filter(q -> isCounting(q, priorityClass)).toList(), ranges);
    }

    /** Whether the quota counts pods that have requests, run as long as they need, and have this priority. */
    private static boolean isCounting(ResourceQuota quota, String priorityClass) {
        if (quota.getSpec() == null) {
            return false;
        }
        ScopeSelector selector = quota.getSpec().getScopeSelector();
        return quota.getSpec().getScopes().stream().allMatch(COUNTING::contains)
                && (selector == null
                        || selector.getMatchExpressions().stream()
                                .allMatch(e -> "PriorityClass".equals(e.getScopeName())
                                        ? matches(e, priorityClass)
                                        : COUNTING.contains(e.getScopeName())));
    }

    private static boolean matches(ScopedResourceSelectorRequirement required, String priorityClass) {
        return switch (String.valueOf(required.getOperator())) {
            case "In" -> priorityClass != null && required.getValues().contains(priorityClass);
            case "NotIn" -> priorityClass == null || !required.getValues().contains(priorityClass);
            case "DoesNotExist" -> priorityClass == null;
            default -> priorityClass != null;
        };
    }

    /** Whether a pod without a request of this resource is refused. */
    boolean demandsRequest(String resource) {
        return hard(resource).findAny().isPresent()
                || hard(REQUESTS + resource).findAny().isPresent()
                || least(resource).isPresent();
    }

    /** Whether a pod without a limit of this resource is refused, or gets a limit that may be too small for its request. */
    boolean demandsLimit(String resource) {
        return hard(LIMITS + resource).findAny().isPresent()
                || most(resource, LimitRangeItem::getMax).isPresent()
                || most(resource, LimitRangeItem::getDefault).isPresent()
                || ratio(resource).isPresent();
    }

    /** The least request. */
    Optional<BigDecimal> least(String resource) {
        return items().map(i -> amount(i.getMin(), resource))
                .filter(Objects::nonNull)
                .max(Comparator.naturalOrder());
    }

    /**
     * The highest useful limit: what a LimitRange permits, and what is free in each quota.
     *
     * @param floor a limit below this amount is not useful, so the pod waits until the quota has this amount
     */
    Optional<BigDecimal> most(String resource, BigDecimal floor) {
        Stream<BigDecimal> free = hard(LIMITS + resource).map(quota -> {
            BigDecimal hard = amount(quota.getSpec().getHard(), LIMITS + resource);
            BigDecimal used =
                    quota.getStatus() == null ? null : amount(quota.getStatus().getUsed(), LIMITS + resource);
            return hard.subtract(used == null ? BigDecimal.ZERO : used).max(floor.min(hard));
        });
        return Stream.concat(most(resource, LimitRangeItem::getMax).stream(), free)
                .min(Comparator.naturalOrder());
    }

    /** The highest ratio between limit and request. */
    Optional<BigDecimal> ratio(String resource) {
        return most(resource, LimitRangeItem::getMaxLimitRequestRatio);
    }

    private Optional<BigDecimal> most(String resource, Function<LimitRangeItem, Map<String, Quantity>> part) {
        return items().map(i -> amount(part.apply(i), resource))
                .filter(Objects::nonNull)
                .min(Comparator.naturalOrder());
    }

    /** The pod has one container, so the limits of pods are those of the container. */
    private Stream<LimitRangeItem> items() {
        return ranges.stream()
                .flatMap(r -> r.getSpec().getLimits().stream())
                .filter(i -> "Container".equals(i.getType()) || "Pod".equals(i.getType()));
    }

    private Stream<ResourceQuota> hard(String key) {
        return quotas.stream()
                .filter(q -> q.getSpec() != null && amount(q.getSpec().getHard(), key) != null);
    }

    private static BigDecimal amount(Map<String, Quantity> amounts, String key) {
        Quantity quantity = amounts == null ? null : amounts.get(key);
        return quantity == null ? null : quantity.getNumericalAmount();
    }
}
