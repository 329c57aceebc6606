package io.breakwater.trust;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.FailoverPlan;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.watch.ObjectCache;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Decides whether the objects of a namespace may use data of another one: of an earlier namespace of this site, or of a namespace
 * on another site. A namespace adopts such data only if an administrator has decided that, in one of three ways:
 *
 * <ul>
 *   <li>annotation {@code breakwater.io/adopt} of the Namespace, which the webhook has reviewed
 *   <li>Helm value {@code site.succeeds}: this cluster replaces earlier ones of the site, whose loss is proven
 *   <li>a FailoverPlan in the namespace, for the namespaces of the same name on its sites
 * </ul>
 *
 * <p>No namespace adopts the data of one that exists in this cluster. What a location in the namespace itself contains needs no
 * adoption, since the owner of its keys vouches for it. {@link IdentityRule} knows that.
 */
@Singleton
public class AdoptionRule {
    /** No namespace adopts anything. */
    static final AdoptionRule NONE = new AdoptionRule(null, null, null, namespace -> List.of(), List::of) {
        @Override
        public List<AdoptedHistory> earlier(CapturedNamespace own) {
            return List.of();
        }

        @Override
        public boolean inherits(CapturedNamespace own, CapturedNamespace source) {
            return false;
        }
    };

    private final NamespaceIdentities identities;
    private final AuthorStamps authors;
    private final SiteSuccession succession;
    private final Function<String, List<FailoverPlan>> plans;
    private final Supplier<List<FailoverPlan>> allPlans;
    private final Supplier<List<FailoverPlan>> cachedPlans;

    @Inject
    public AdoptionRule(
            KubernetesClient client,
            NamespaceIdentities identities,
            AuthorStamps authors,
            SiteSuccession succession,
            ObjectCache objects) {
        this(
                identities,
                authors,
                succession,
                namespace -> client.resources(FailoverPlan.class)
                        .inNamespace(namespace)
                        .list()
                        .getItems(),
                () -> client.resources(FailoverPlan.class)
                        .inAnyNamespace()
                        .list()
                        .getItems(),
                () -> objects.all(FailoverPlan.class));
    }

    AdoptionRule(
            NamespaceIdentities identities,
            AuthorStamps authors,
            SiteSuccession succession,
            Function<String, List<FailoverPlan>> plans,
            Supplier<List<FailoverPlan>> allPlans) {
        this(identities, authors, succession, plans, allPlans, allPlans);
    }

    private AdoptionRule(
            NamespaceIdentities identities,
            AuthorStamps authors,
            SiteSuccession succession,
            Function<String, List<FailoverPlan>> plans,
            Supplier<List<FailoverPlan>> allPlans,
            Supplier<List<FailoverPlan>> cachedPlans) {
        this.cachedPlans = cachedPlans;
        this.identities = identities;
        this.authors = authors;
        this.succession = succession;
        this.plans = plans;
        this.allPlans = allPlans;
    }

    /** Whether the objects of a namespace may use data of another one. */
    public boolean adopts(CapturedNamespace own, CapturedNamespace source) {
        return earlier(own).stream().anyMatch(history -> history.contains(source)) && !exists(source);
    }

    /**
     * Whether adopted data is a namespace's own in each respect: its retention applies to it. So it must be certain that no other
     * namespace or cluster still uses the data: the earlier namespace had the same name on the same site, and it was deleted from this
     * cluster, or an administrator has named the uid of its cluster. A name alone, as in a FailoverPlan, is not sufficient.
     */
    public boolean inherits(CapturedNamespace own, CapturedNamespace source) {
        return own.site().equals(source.site())
                && own.name().equals(source.name())
                && !exists(source)
                && earlier(own).stream()
                        .filter(history -> history.contains(source))
                        .anyMatch(history ->
                                history.namesCluster() || source.cluster().equals(identities.cluster()));
    }

    /** Where the earlier namespaces are whose repositories a namespace may continue in a location. */
    public List<AdoptedHistory> continued(CapturedNamespace own, BackupLocation location) {
        List<AdoptedHistory> all = new ArrayList<>(earlier(own));
        if (own.name().equals(location.getMetadata().getNamespace())) {
            all.add(AdoptedHistory.of(own.site(), own.name()));
        }
        return all;
    }

    /**
     * Whether a namespace may continue the repository of another one in a location: it adopts its data, or it has the location
     * and with it the keys. Each site continues its own repositories only, since two sites cannot exclude each other.
     */
    public boolean continues(CapturedNamespace own, CapturedNamespace source, BackupLocation location) {
        return source.site().equals(own.site())
                && continued(own, location).stream().anyMatch(history -> history.contains(source))
                && !exists(source);
    }

    /** What a namespace adopts; empty when it does not exist any more. */
    public List<AdoptedHistory> earlier(CapturedNamespace own) {
        Optional<Namespace> namespace = identities
                .namespace(own.name())
                .filter(found -> own.uid().equals(found.getMetadata().getUid()));
        if (namespace.isEmpty()) {
            return List.of();
        }
        List<AdoptedHistory> all = new ArrayList<>(authors.adoptions().of(namespace.get()));
        succession.predecessors().forEach(cluster -> all.add(AdoptedHistory.of(own.site(), own.name(), cluster)));
        plans.apply(own.name()).stream()
                .filter(plan -> authors.author(plan).isPresent())
                .flatMap(plan -> plan.getSpec().sites.stream())
                .forEach(site -> all.add(AdoptedHistory.of(site.name, own.name())));
        return all;
    }

    /** The adoptions of all namespaces as the cache has them. They decide which points have an object, and delete no data. */
    public AdoptionIndex index() {
        NamespaceIdentities all = identities.cached();
        AdoptionRule listed = cached(all);
        return new AdoptionIndex(all.present(), listed, listed::exists, authors.adoptions()::isUnchecked);
    }

    /** The same rule, with the namespaces of one list and the plans of another one. */
    AdoptionRule listed(NamespaceIdentities all) {
        return of(all, allPlans);
    }

    /** The same rule, with the plans that the cache has. */
    AdoptionRule cached(NamespaceIdentities all) {
        return of(all, cachedPlans);
    }

    private AdoptionRule of(NamespaceIdentities all, Supplier<List<FailoverPlan>> source) {
        if (this == NONE) {
            return this;
        }
        Map<String, List<FailoverPlan>> byNamespace = source.get().stream()
                .collect(Collectors.groupingBy(plan -> plan.getMetadata().getNamespace()));
        return new AdoptionRule(
                all,
                authors,
                succession.listed(),
                namespace -> byNamespace.getOrDefault(namespace, List.of()),
                allPlans);
    }

    private boolean exists(CapturedNamespace source) {
        return source.cluster().equals(identities.cluster())
                && identities
                        .namespace(source.name())
                        .filter(found -> source.uid().equals(found.getMetadata().getUid()))
                        .isPresent();
    }
}
