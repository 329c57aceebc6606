package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.ConditionedStatus;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreStatus;
import io.breakwater.observe.Conditions;
import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.luaj.vm2.Globals;
import org.luaj.vm2.LoadState;
import org.luaj.vm2.LuaError;
import org.luaj.vm2.LuaTable;
import org.luaj.vm2.LuaValue;
import org.luaj.vm2.compiler.LuaC;
import org.luaj.vm2.lib.BaseLib;
import org.yaml.snakeyaml.Yaml;

/** The files for Argo CD: the health of Breakwater's objects, and the differences from Git that a sync leaves as they are. */
class ArgoHealthTest {
    private static final Path ARGO = Path.of("deploy/argocd");

    /** The layout of the scripts in the repository of Argo CD. Its name of a wildcard is an underscore. */
    private static final Path DIRECTORY = ARGO.resolve("resource_customizations/breakwater.io/_");

    /** Functions that Argo CD offers without its setting useOpenLibs, and that exist in Lua 5.1: there is no library of strings. */
    private static final List<String> FUNCTIONS = List.of("ipairs", "next", "pairs", "tostring", "type");

    private static final String KEY = "resource.customizations.health.breakwater.io_";

    private static final ObjectMapper JSON = new ObjectMapper();

    private record Health(String status, String message) {}

    private record Case(String file, Health expected) {
        JsonNode object() throws IOException {
            return CrdFiles.YAML.readTree(DIRECTORY.resolve(file).toFile());
        }

        String kind() throws IOException {
            return object().path("kind").asText();
        }
    }

    @TestFactory
    Stream<DynamicTest> reportsTheExpectedHealth() throws IOException {
        return cases().stream()
                .map(c -> DynamicTest.dynamicTest(
                        c.file(), () -> assertThat(health(script(), c.object())).isEqualTo(c.expected())));
    }

    @Test
    void expectsAHealthOfEveryFile() throws IOException {
        try (Stream<Path> files = Files.list(DIRECTORY.resolve("testdata"))) {
            assertThat(cases().stream().map(Case::file))
                    .containsExactlyInAnyOrderElementsOf(
                            files.map(file -> "testdata/" + file.getFileName()).toList());
        }
    }

    @Test
    void hasAHealthyAndADegradedObjectOfEveryKind() throws IOException {
        Map<String, Set<String>> states = new TreeMap<>();
        for (Case c : cases()) {
            states.computeIfAbsent(c.kind(), kind -> new TreeSet<>())
                    .add(c.expected().status());
        }
        assertThat(states.keySet()).containsExactlyElementsOf(kinds());
        assertThat(states)
                .allSatisfy((kind, found) -> assertThat(found)
                        .as("states of %s in testdata", kind)
                        .contains("Healthy", "Degraded", "Progressing"));
    }

    @Test
    void usesFieldsConditionsAndReasonsOfTheProduct() throws IOException {
        Set<String> types = constants(Condition.class);
        Set<String> reasons = Arrays.stream(Reason.values()).map(Enum::name).collect(Collectors.toSet());
        for (Case c : cases()) {
            JsonNode object = c.object();
            assertThat(object.path("apiVersion").asText()).isEqualTo(Api.GROUP + "/" + Api.VERSION);
            read(object.path("spec"), c.kind() + "Spec");
            for (JsonNode condition : object.at("/status/conditions")) {
                assertThat(types).as(c.file()).contains(condition.path("type").asText());
                assertThat(reasons)
                        .as(c.file())
                        .contains(condition.path("reason").asText());
            }
            if (object.has("status")) {
                read(object.path("status"), c.kind() + "Status");
            }
        }
    }

    @Test
    void readsConditionsAsTheProductWritesThem() throws IOException {
        BreakwaterException retried = BreakwaterException.retryable(Reason.LocationNotReady, "wait");
        BreakwaterException permanent = BreakwaterException.permanent(Reason.InvalidSpec, "edit");

        assertThat(ofPolicy(c -> c.ready(Reason.Ready, "runs"))).isEqualTo(new Health("Healthy", "runs"));
        assertThat(ofPolicy(c -> c.ready(Reason.Suspended, "paused"))).isEqualTo(new Health("Suspended", "paused"));
        assertThat(ofPolicy(c -> c.notReady(retried))).isEqualTo(new Health("Degraded", "wait"));
        assertThat(ofPolicy(c -> c.notReady(permanent))).isEqualTo(new Health("Degraded", "edit"));
        assertThat(ofRestore(c -> c.queued("third"))).isEqualTo(new Health("Progressing", "third"));
        assertThat(ofRestore(c -> c.running("half"))).isEqualTo(new Health("Progressing", "half"));
        assertThat(ofRestore(c -> c.succeeded(Reason.Completed, "all"))).isEqualTo(new Health("Healthy", "all"));
        assertThat(ofRestore(c -> c.failed(Reason.Conflict, "exists"))).isEqualTo(new Health("Degraded", "exists"));
    }

    @Test
    void refusesFunctionsThatArgoDoesNotOffer() {
        JsonNode object = JSON.createObjectNode();

        assertThatThrownBy(() -> health("return {status = string.format('%s', 'Healthy'), message = ''}", object))
                .isInstanceOf(LuaError.class);
    }

    @Test
    void hasTheSameScriptForEveryKindInTheConfigMap() throws IOException {
        Map<String, Object> map = new Yaml().load(Files.readString(ARGO.resolve("argocd-cm.yaml")));
        JsonNode config = JSON.valueToTree(map);

        Map<String, String> expected = new TreeMap<>();
        for (String kind : kinds()) {
            expected.put(KEY + kind, script());
        }
        assertThat(config.at("/metadata/name").asText()).isEqualTo("argocd-cm");
        assertThat(JSON.convertValue(config.path("data"), Map.class)).isEqualTo(expected);
    }

    @Test
    void leavesKeysOfBreakwaterOnTheNamespaceAsTheyAre() throws IOException {
        List<String> written = new ArrayList<>();
        Stream.of(Api.STANDBY, Api.ACTIVE).forEach(key -> written.add(pointer("labels", key)));
        Stream.of(
                        Api.GATED_BY,
                        Api.GATED_ONLY,
                        Api.OPEN_GATE,
                        Api.GATE_OPENED,
                        Api.FINAL_CUT,
                        Api.POD_SEEN,
                        Api.SERVED_EPOCH,
                        Api.ADOPT_STAMP)
                .forEach(key -> written.add(pointer("annotations", key)));

        assertThat(ignored("", "Namespace")).containsExactlyInAnyOrderElementsOf(written);
    }

    @Test
    void leavesTheRequestOfAFailoverAsItIs() throws IOException {
        assertThat(ignored(Api.GROUP, "FailoverPlan"))
                .containsExactlyInAnyOrder("/spec/activeSite", "/spec/maxDataLoss");
        assertThat(strings(application("shop").at("/spec/template/spec/syncPolicy/syncOptions")))
                .contains("RespectIgnoreDifferences=true");
    }

    @Test
    void createsApplicationsForBothSites() throws IOException {
        for (String name : List.of("breakwater", "shop")) {
            JsonNode set = application(name);
            List<String> sites = new ArrayList<>();
            set.at("/spec/generators/0/list/elements")
                    .forEach(element -> sites.add(element.path("site").asText()));
            assertThat(sites).containsExactly("east", "west");
            assertThat(set.at("/spec/template/metadata/name").asText()).isEqualTo(name + "-{{.site}}");
            assertThat(set.at("/spec/template/spec/destination/name").asText()).isEqualTo("{{.site}}");
            assertThat(set.at("/spec/syncPolicy/preserveResourcesOnDeletion").asBoolean())
                    .as("a deleted ApplicationSet deletes no namespace")
                    .isTrue();
        }
        assertThat(application("breakwater")
                        .at("/spec/template/spec/source/helm/valuesObject/site/name")
                        .asText())
                .isEqualTo("{{.site}}");
    }

    private static Health ofPolicy(Consumer<Conditions> edit) throws IOException {
        return written(new BackupPolicyStatus(), edit);
    }

    private static Health ofRestore(Consumer<Conditions> edit) throws IOException {
        return written(new RestoreStatus(), edit);
    }

    private static Health written(ConditionedStatus status, Consumer<Conditions> edit) throws IOException {
        edit.accept(Conditions.of(status, 7L, Clock.systemUTC()));
        ObjectNode object = JSON.createObjectNode();
        object.putObject("metadata").put("generation", 7);
        object.set("status", JSON.valueToTree(status));
        return health(script(), object);
    }

    /** Runs a script as Argo CD does: the object is the global variable obj, and the result is a table. */
    private static Health health(String script, JsonNode object) {
        Globals globals = new Globals();
        globals.load(new BaseLib());
        LoadState.install(globals);
        LuaC.install(globals);
        LuaTable environment = new LuaTable();
        FUNCTIONS.forEach(name -> environment.set(name, globals.get(name)));
        environment.set("obj", value(object));
        LuaTable result = globals.load(script, "health.lua", environment).call().checktable();
        return new Health(
                result.get("status").checkjstring(), result.get("message").checkjstring());
    }

    private static LuaValue value(JsonNode node) {
        return switch (node.getNodeType()) {
            case OBJECT -> {
                LuaTable table = new LuaTable();
                node.properties().forEach(field -> table.set(field.getKey(), value(field.getValue())));
                yield table;
            }
            case ARRAY -> {
                LuaTable table = new LuaTable();
                for (int i = 0; i < node.size(); i++) {
                    table.set(i + 1, value(node.get(i)));
                }
                yield table;
            }
            case STRING -> LuaValue.valueOf(node.textValue());
            case NUMBER -> LuaValue.valueOf(node.doubleValue());
            case BOOLEAN -> LuaValue.valueOf(node.booleanValue());
            default -> LuaValue.NIL;
        };
    }

    private static String script() throws IOException {
        return Files.readString(DIRECTORY.resolve("health.lua"));
    }

    private static List<Case> cases() throws IOException {
        List<Case> cases = new ArrayList<>();
        for (JsonNode test : CrdFiles.YAML
                .readTree(DIRECTORY.resolve("health_test.yaml").toFile())
                .path("tests")) {
            cases.add(new Case(
                    test.path("inputPath").asText(),
                    new Health(
                            test.at("/healthStatus/status").asText(),
                            test.at("/healthStatus/message").asText())));
        }
        assertThat(cases).isNotEmpty();
        return cases;
    }

    private static List<String> kinds() throws IOException {
        List<String> kinds = new ArrayList<>();
        try (Stream<Path> files = Files.list(CrdFiles.DIRECTORY)) {
            for (Path file : files.toList()) {
                kinds.add(CrdFiles.YAML
                        .readTree(file.toFile())
                        .at("/spec/names/kind")
                        .asText());
            }
        }
        return kinds.stream().sorted().toList();
    }

    /** Fails if the class of the API lacks a field of the node. */
    private static void read(JsonNode node, String type) throws IOException {
        try {
            JSON.treeToValue(node, Class.forName(Condition.class.getPackageName() + "." + type));
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Set<String> constants(Class<?> type) {
        return Arrays.stream(type.getDeclaredFields())
                .filter(field -> Modifier.isStatic(field.getModifiers()))
                .map(field -> {
                    try {
                        return (String) field.get(null);
                    } catch (IllegalAccessException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .collect(Collectors.toSet());
    }

    private static JsonNode application(String name) throws IOException {
        try (var documents = CrdFiles.YAML
                .readerFor(JsonNode.class)
                .<JsonNode>readValues(ARGO.resolve("applicationset.yaml").toFile())) {
            while (documents.hasNext()) {
                JsonNode document = documents.next();
                if (document.at("/metadata/name").asText().equals(name)) {
                    return document;
                }
            }
        }
        throw new AssertionError("there is no ApplicationSet " + name);
    }

    private static List<String> ignored(String group, String kind) throws IOException {
        for (JsonNode entry : application("shop").at("/spec/template/spec/ignoreDifferences")) {
            if (entry.path("group").asText().equals(group)
                    && entry.path("kind").asText().equals(kind)) {
                return strings(entry.path("jsonPointers"));
            }
        }
        return List.of();
    }

    private static List<String> strings(JsonNode list) {
        List<String> strings = new ArrayList<>();
        list.forEach(entry -> strings.add(entry.asText()));
        return strings;
    }

    private static String pointer(String map, String key) {
        return "/metadata/" + map + "/" + key.replace("/", "~1");
    }
}
