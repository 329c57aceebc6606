package io.breakwater.trust;

import io.breakwater.api.Api;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec;
import io.breakwater.api.NamedRef;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Adoption for tests: without a cluster, with the stamps of {@link StampFixture}. */
public final class TestAdoption {
    private TestAdoption() {}

    /** The identities of namespaces that a test changes. */
    public static NamespaceIdentities identities(String site, Supplier<List<Namespace>> all) {
        return new NamespaceIdentities(
                site,
                name -> all.get().stream()
                        .filter(n -> n.getMetadata().getName().equals(name))
                        .findFirst(),
                all);
    }

    /** Namespaces with this prefix of their uids. */
    public static List<Namespace> namespaces(String uids, String... names) {
        return Stream.of(names)
                .map(name -> new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withUid(uids + name)
                        .endMetadata()
                        .build())
                .toList();
    }

    /** @param plans those of all namespaces */
    public static AdoptionRule rule(
            NamespaceIdentities identities, List<FailoverPlan> plans, Supplier<Optional<String>> predecessor) {
        SiteSuccession succession =
                new SiteSuccession(() -> predecessor.get().map(Set::of).orElse(Set.of()));
        return new AdoptionRule(
                identities,
                StampFixture.stamps(),
                succession,
                namespace -> plans.stream()
                        .filter(plan -> plan.getMetadata().getNamespace().equals(namespace))
                        .toList(),
                () -> plans);
    }

    /** The annotations of a Namespace that an administrator made adopt something. */
    public static Map<String, String> annotations(String name, String uid, String adopted) {
        Namespace namespace = new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .withUid(uid)
                .addToAnnotations(Api.ADOPT, adopted)
                .endMetadata()
                .build();
        String stamp = StampFixture.stamps().adoptions().stamp(namespace, "admin", Instant.EPOCH);
        return Map.of(Api.ADOPT, adopted, Api.ADOPT_STAMP, stamp);
    }

    /** A plan of an administrator. */
    public static FailoverPlan plan(String namespace, String... sites) {
        FailoverPlan plan = unstamped(namespace, sites);
        StampFixture.stamps().sign(new Author("admin", "", List.of(), Map.of()), plan);
        return plan;
    }

    /** A plan that the webhook did not review. */
    public static FailoverPlan unstamped(String namespace, String... sites) {
        FailoverPlan plan = new FailoverPlan();
        plan.getMetadata().setNamespace(namespace);
        plan.getMetadata().setName("plan");
        plan.setSpec(new FailoverPlanSpec());
        plan.getSpec().policyRef = new NamedRef("p");
        plan.getSpec().rendezvousRef = new NamedRef("l");
        plan.getSpec().sites = new ArrayList<>(Stream.of(sites)
                .map(name -> {
                    FailoverPlanSpec.Site site = new FailoverPlanSpec.Site();
                    site.name = name;
                    site.locationRef = new NamedRef("l");
                    return site;
                })
                .toList());
        return plan;
    }
}
