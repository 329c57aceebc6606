package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelRuntimeFactory;
import io.breakwater.config.TestConfig;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MatchCondition;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Evaluates the match conditions of the webhooks as the API server does. */
class MatchConditionsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final CelCompiler COMPILER = CelCompilerFactory.standardCelCompilerBuilder()
            .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
            .addVar("object", SimpleType.DYN)
            .addVar("oldObject", SimpleType.DYN)
            .addVar("request", SimpleType.DYN)
            .build();

    private static final String ALIVE = "metadata: {name: p}, spec: {a: [1]}";
    private static final String DELETED = "metadata: {name: p, deletionTimestamp: t, finalizers: [f]}, spec: {a: [1]}";

    private final WebhookConfigurations made =
            new WebhookConfigurations(TestConfig.of(Map.of()), "PEM", StampFixture.secret(), null);

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        UPDATE | metadata: {name: p}, spec: {a: [1]} | metadata: {name: p}, spec: {a: [1]} | alive
        UPDATE | metadata: {deletionTimestamp: t, finalizers: [f]}, spec: {a: [1]} | metadata: {deletionTimestamp: t, finalizers: [f]}, spec: {a: [2]} | spec
        UPDATE | metadata: {deletionTimestamp: t} | metadata: {deletionTimestamp: t}, spec: {a: [2]} | new spec
        UPDATE | metadata: {deletionTimestamp: t}, spec: {a: 1} | metadata: {deletionTimestamp: t} | removed spec
        UPDATE | metadata: {deletionTimestamp: t} | metadata: {deletionTimestamp: t, labels: {a: b}} | labels
        UPDATE | metadata: {deletionTimestamp: t, labels: {a: b}} | metadata: {deletionTimestamp: t} | removed labels
        UPDATE | metadata: {deletionTimestamp: t, annotations: {a: b}} | metadata: {deletionTimestamp: t, annotations: {a: c}} | annotations
        CREATE | | metadata: {name: p}, spec: {a: [1]} | creation
        CREATE | | metadata: {deletionTimestamp: t, finalizers: [f]}, spec: {a: [1]} | created while being deleted
        """)
    void checksEveryChangeOfAnObject(String operation, String before, String after, String what) throws Exception {
        for (List<MatchCondition> conditions : conditions()) {
            assertThat(matches(conditions, operation, before, after)).as(what).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        metadata: {deletionTimestamp: t, finalizers: [f], labels: {a: b}}, spec: {a: [1]} | metadata: {deletionTimestamp: t, labels: {a: b}}, spec: {a: [1]}
        metadata: {deletionTimestamp: t, finalizers: [f, g]} | metadata: {deletionTimestamp: t, finalizers: [g], annotations: {}}
        """)
    void removesFinalizersWithoutTheWebhook(String before, String after) throws Exception {
        for (List<MatchCondition> conditions : conditions()) {
            assertThat(matches(conditions, "UPDATE", before, after)).isFalse();
        }
    }

    @Test
    void closesGatesWithoutTheWebhook() throws Exception {
        List<MatchCondition> namespaces =
                made.gateProtection().getWebhooks().getFirst().getMatchConditions();
        String gated = "metadata: {labels: {breakwater.io/standby: 'true'}}";
        for (String own : List.of("breakwater-operator", "breakwater-guard")) {
            String user = "system:serviceaccount:breakwater-system:" + own;
            assertThat(matches(namespaces, user, "UPDATE", ALIVE, gated)).isFalse();
        }
        for (String other : List.of("breakwater-gateway", "breakwater-operator-2", "default")) {
            String user = "system:serviceaccount:breakwater-system:" + other;
            assertThat(matches(namespaces, user, "UPDATE", ALIVE, gated)).isTrue();
        }
        assertThat(matches(namespaces, "system:serviceaccount:shop:breakwater-operator", "UPDATE", ALIVE, gated))
                .isTrue();
        assertThat(matches(namespaces, "jane", "UPDATE", DELETED, DELETED)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
        metadata: {labels: {breakwater.io/standby: 'true'}} | metadata: {labels: {a: b}} | true
        metadata: {labels: {breakwater.io/standby: 'true'}} | metadata: {name: n} | true
        metadata: {labels: {breakwater.io/standby: 'true'}} | metadata: {labels: {breakwater.io/standby: 'false'}} | true
        metadata: {annotations: {breakwater.io/gated-by: a}} | metadata: {annotations: {breakwater.io/gated-by: b}} | true
        metadata: {annotations: {breakwater.io/gated-by: a}} | metadata: {name: n} | true
        metadata: {annotations: {breakwater.io/gated-only: a}} | metadata: {annotations: {breakwater.io/gated-only: b}} | true
        metadata: {annotations: {breakwater.io/pod-seen: a}} | metadata: {} | true
        metadata: {labels: {breakwater.io/standby: 'true'}} | metadata: {labels: {breakwater.io/standby: 'true', a: b}} | false
        metadata: {labels: {breakwater.io/standby: 'true'}} | metadata: {labels: {breakwater.io/standby: 'true'}, annotations: {a: b}} | false
        """)
    void anotherChangeOfAGatedNamespaceDoesNotNeedTheWebhook(String before, String after, boolean reviewed)
            throws Exception {
        List<MatchCondition> conditions =
                made.gateProtection().getWebhooks().getFirst().getMatchConditions();
        assertThat(matches(conditions, "UPDATE", before, after)).isEqualTo(reviewed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        CREATE | | metadata: {annotations: {breakwater.io/adopt: a/b}} | true
        CREATE | | metadata: {annotations: {breakwater.io/adopt-stamp: x}} | true
        CREATE | | metadata: {annotations: {a: b}} | false
        CREATE | | metadata: {name: n} | false
        UPDATE | metadata: {name: n} | metadata: {annotations: {breakwater.io/adopt: a/b}} | true
        UPDATE | metadata: {annotations: {breakwater.io/adopt: a/b}} | metadata: {annotations: {breakwater.io/adopt: a/c}} | true
        UPDATE | metadata: {annotations: {breakwater.io/adopt: a/b}} | metadata: {annotations: {breakwater.io/adopt: a/b, breakwater.io/adopt-stamp: x}} | true
        UPDATE | metadata: {annotations: {breakwater.io/adopt: a/b}} | metadata: {name: n} | true
        UPDATE | metadata: {annotations: {breakwater.io/adopt: a/b}} | metadata: {labels: {a: b}, annotations: {breakwater.io/adopt: a/b}} | false
        UPDATE | metadata: {name: n} | metadata: {labels: {a: b}} | false
        """)
    void reviewsAdoptionsOnlyWhenTheyChange(String operation, String before, String after, boolean reviewed)
            throws Exception {
        List<MatchCondition> adoptions = made.mutating().getWebhooks().stream()
                .filter(w -> w.getName().startsWith("adoptions."))
                .findFirst()
                .orElseThrow()
                .getMatchConditions();
        assertThat(matches(adoptions, operation, before, after)).isEqualTo(reviewed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
        CREATE | | metadata: {annotations: {breakwater.io/open-gate: lost}} | true
        CREATE | | metadata: {labels: {breakwater.io/active: 'true'}} | true
        CREATE | | metadata: {labels: {breakwater.io/plan: shop}} | false
        UPDATE | metadata: {name: n} | metadata: {annotations: {breakwater.io/gate-opened: lost}} | true
        UPDATE | metadata: {labels: {breakwater.io/active: 'true'}} | metadata: {labels: {breakwater.io/active: 'true', a: b}} | false
        """)
    void reviewsEachRequestToOpenAGate(String operation, String before, String after, boolean reviewed)
            throws Exception {
        List<MatchCondition> openings = made.validating().getWebhooks().stream()
                .filter(w -> w.getName().startsWith("openings."))
                .findFirst()
                .orElseThrow()
                .getMatchConditions();
        assertThat(matches(openings, operation, before, after)).isEqualTo(reviewed);
    }

    /** Those of the webhooks that see creations and updates of Breakwater's kinds. */
    private List<List<MatchCondition>> conditions() {
        List<List<MatchCondition>> all = Stream.concat(
                        made.mutating().getWebhooks().stream()
                                .filter(w -> w.getName().startsWith("author."))
                                .map(w -> w.getMatchConditions()),
                        made.validating().getWebhooks().stream()
                                .filter(w -> w.getName().startsWith("kinds."))
                                .map(w -> w.getMatchConditions()))
                .toList();
        assertThat(all).hasSize(2).allSatisfy(c -> assertThat(c).isNotEmpty());
        return all;
    }

    private static boolean matches(List<MatchCondition> conditions, String operation, String before, String after)
            throws Exception {
        return matches(conditions, "jane", operation, before, after);
    }

    private static boolean matches(
            List<MatchCondition> conditions, String user, String operation, String before, String after)
            throws Exception {
        Map<String, Object> variables = new HashMap<>();
        variables.put("request", Map.of("operation", operation, "userInfo", Map.of("username", user)));
        variables.put("object", read(after));
        variables.put("oldObject", before == null ? dev.cel.common.values.NullValue.NULL_VALUE : read(before));
        for (MatchCondition condition : conditions) {
            Object result = CelRuntimeFactory.standardCelRuntimeBuilder()
                    .build()
                    .createProgram(COMPILER.compile(condition.getExpression()).getAst())
                    .eval(variables);
            if (!Boolean.TRUE.equals(result)) {
                return false;
            }
        }
        return true;
    }

    private static Object read(String fields) throws Exception {
        return JSON.convertValue(Reviews.yaml("{" + fields + "}"), Map.class);
    }
}
