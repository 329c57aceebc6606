package io.breakwater.trust;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.FailoverPlan;
import io.breakwater.store.CapturedNamespace;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Namespace shop of site east, created again: which adopted data it inherits, so that its retention applies. */
class AdoptionRuleTest {
    private static final String CLUSTER = PointKeys.source("east", "shop").cluster();
    private static final CapturedNamespace SHOP = new CapturedNamespace("east", "shop", CLUSTER, "new-shop");

    @ParameterizedTest
    @CsvSource({
        // annotation, succeeded cluster, plan, site/name/cluster/uid of the data, adopted, inherited
        "'',                   '',   false, east/shop/OWN/old-shop,   false, false",
        "east/shop,            '',   false, east/shop/OWN/old-shop,   true,  true",
        "'',                   '',   true,  east/shop/OWN/old-shop,   true,  true",
        "east/shop,            '',   false, east/shop/OWN/new-shop,   false, false",
        // another cluster of this site: only if an administrator has named it
        "east/shop,            '',   false, east/shop/lost/old-shop,  true,  false",
        "'',                   '',   true,  east/shop/lost/old-shop,  true,  false",
        "'',                   lost, false, east/shop/lost/old-shop,  true,  true",
        "east/shop,            lost, true,  east/shop/other/old-shop, true,  false",
        "east/shop/lost,       '',   false, east/shop/lost/old-shop,  true,  true",
        // other sites never, however exactly they are named
        "west/shop/w/old-shop, '',   true,  west/shop/w/old-shop,     true,  false",
        // another name
        "east/bank,            '',   false, east/bank/OWN/old-bank,   true,  false",
        "east/bank,            '',   false, east/bank/OWN/new-bank,   false, false",
    })
    void inheritsOnlyWhatNoOtherNamespaceCanStillUse(
            String annotation, String succeeds, boolean plan, String data, boolean adopted, boolean inherited) {
        CapturedNamespace source = CapturedNamespace.of(
                        List.of(data.replace("OWN", CLUSTER).split("/")))
                .orElseThrow();
        AdoptionRule rule = rule(annotation, succeeds, plan);

        assertThat(rule.adopts(SHOP, source)).as("adopted").isEqualTo(adopted);
        assertThat(rule.inherits(SHOP, source)).as("inherited").isEqualTo(inherited);
    }

    private static AdoptionRule rule(String annotation, String succeeds, boolean plan) {
        Map<String, String> annotations =
                annotation.isEmpty() ? Map.of() : TestAdoption.annotations("shop", "new-shop", annotation);
        List<Namespace> namespaces = List.of(
                namespace("shop", "new-shop", annotations),
                namespace("bank", "new-bank", Map.of()),
                namespace("kube-system", CLUSTER, Map.of()));
        List<FailoverPlan> plans = plan ? List.of(TestAdoption.plan("shop", "east", "west")) : List.of();
        return TestAdoption.rule(
                TestAdoption.identities("east", () -> namespaces),
                plans,
                () -> Optional.of(succeeds).filter(uid -> !uid.isEmpty()));
    }

    private static Namespace namespace(String name, String uid, Map<String, String> annotations) {
        return new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .withUid(uid)
                .withAnnotations(annotations)
                .endMetadata()
                .build();
    }
}
