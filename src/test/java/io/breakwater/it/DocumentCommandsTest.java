package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.marcnuri.helm.Helm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The commands in the documents: each block is run by a test or says why not, and all names in them exist. */
class DocumentCommandsTest {
    /** The tests that run the blocks of a page. */
    private static final Map<String, String> RUN_BY = Map.of(
            "docs/recover-a-cluster.md", "RecoverClusterIT",
            "docs/getting-started.md", "GettingStartedIT",
            "docs/troubleshooting.md", "GettingStartedIT");

    /** Pages, and sections of pages, whose blocks have no comments. */
    private static final Map<String, String> EXEMPT = Map.of(
            "README.md#Two clusters", "needs two clusters; StoryIT fails over, and KeysIT copies keys",
            "docs/keys.md", "KeysIT runs the commands of the image with inputs of its own",
            "docs/pod-security.md", "changes the admission of namespaces",
            "docs/uninstall.md", "removes the installation that other tests use",
            "docs/upgrade.md", "needs two versions of the images");

    /** Objects that the program creates, and other names with the prefix. */
    private static final Set<String> CREATED = Set.of(
            "breakwater-system",
            "breakwater-master-key",
            "breakwater-gate",
            "breakwater-mover",
            "breakwater-serving-cert",
            "breakwater-gateway-cert",
            "breakwater-gateway-credentials",
            "breakwater-ticket-key",
            "breakwater-ticket-public-keys",
            "breakwater-author-key",
            "breakwater-site-key");

    private static final Set<String> NAMESPACES =
            Set.of("breakwater-system", "shop", "hello", "argocd", "velero", "kube-system", "default");

    private static final Set<String> BUILT_IN = Set.of(
            "all cm clusterrole clusterrolebinding configmap crd cronjob customresourcedefinition daemonset deploy deployment"
                    .concat(
                            " event generic job lease limitrange mutatingwebhookconfiguration namespace networkpolicy node ns")
                    .concat(
                            " persistentvolume persistentvolumeclaim po pod pv pvc resourcequota role rolebinding sc secret")
                    .concat(" service serviceaccount statefulset storageclass storageclasse svc token")
                    .concat(" validatingwebhookconfiguration volumesnapshot volumesnapshotclass volumesnapshotclasse")
                    .concat(" volumesnapshotcontent docker-registry breakwater backup schedule backupstoragelocation")
                    .concat(" volumesnapshotlocation")
                    .split(" "));

    private static final Set<String> VERBS =
            Set.of("annotate", "delete", "describe", "edit", "get", "label", "patch", "scale", "wait");

    private static final Set<String> FLAGS = Set.of(
            "-A -L --all --all-namespaces --as --as-group --context --docker-password --docker-server --docker-username --dry-run -f"
                    .concat(
                            " --field-selector --follow --for --force --force-conflicts --from-file --from-literal -i -k -l --local -n")
                    .concat(
                            " --namespace -o --overwrite -p --patch-file --prefix --previous --raw --replicas --selector --server-side")
                    .concat(
                            " --show-labels --sort-by --subresource -t --tail --timeout --type -v -w --wait --watch -c -it --container")
                    .concat(" --ignore-not-found --no-headers --output --since -- -")
                    .split(" "));

    private static final Pattern PREFIXED =
            Pattern.compile("(?<![A-Za-z0-9./_$-])breakwater-[a-z0-9-]*[a-z0-9](?![A-Za-z0-9_.:-]*/)");
    private static final Pattern DEPLOYMENT = Pattern.compile("\\bdeploy(?:ments?)?(?:\\.apps)?/([a-z0-9-]+)");
    private static final Pattern SET = Pattern.compile("--set(?:-string)? '?\"?([A-Za-z][A-Za-z.]*)");
    private static final Pattern IN_TEXT = Pattern.compile("`((?:kubectl|helm) [^`]+)`");

    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

    private static Set<String> objects;
    private static Set<String> kinds;
    private static JsonNode values;

    @BeforeAll
    static void renderTheChart() throws IOException {
        Path chart = Path.of("deploy/helm/breakwater");
        values = YAML.readTree(chart.resolve("values.yaml").toFile());
        objects = new TreeSet<>();
        kinds = new TreeSet<>(BUILT_IN);
        String manifests = new Helm(chart)
                .template()
                .withKubeVersion("1.30.0")
                .withNamespace("breakwater-system")
                .set("site.name", "east")
                .set("gateway.embedded", "false")
                .set("metrics.serviceMonitor.enabled", "true")
                .set("metrics.prometheusRule.enabled", "true")
                .call();
        try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(manifests)) {
            while (documents.hasNext()) {
                JsonNode object = documents.next();
                objects.add(object.path("kind").asText() + "/"
                        + object.at("/metadata/name").asText());
                JsonNode names = object.at("/spec/names");
                if (object.path("kind").asText().equals("CustomResourceDefinition")) {
                    kinds.add(names.path("singular").asText());
                    names.path("shortNames").forEach(name -> kinds.add(name.asText()));
                }
            }
        }
        assertThat(kinds).contains("backuppolicy", "rp");
    }

    @Test
    void everyBlockWithCommandsIsRunOrSaysWhyNot() {
        List<String> unmarked = blocks().filter(CommandBlock::hasCommands)
                .filter(block -> !block.isRun() && block.exemption() == null)
                .filter(block -> !isExempt(block))
                .map(CommandBlock::place)
                .toList();
        assertThat(unmarked)
                .as("write ```sh if a test runs the block, or the line <!-- not run: reason --> before it")
                .isEmpty();
    }

    @Test
    void aTestRunsThePagesWithBlocksToRun() throws IOException {
        for (String page : blocks().filter(CommandBlock::isRun)
                .filter(block -> !isExempt(block))
                .map(DocumentCommandsTest::name)
                .collect(Collectors.toSet())) {
            assertThat(RUN_BY).containsKey(page);
        }
        for (Map.Entry<String, String> run : RUN_BY.entrySet()) {
            String source = Files.readString(Path.of("src/test/java/io/breakwater/it/" + run.getValue() + ".java"));
            assertThat(source).contains(run.getKey());
        }
    }

    @Test
    void aShellAcceptsEveryBlockThatIsRun() {
        blocks().filter(CommandBlock::isRun)
                .filter(block -> !isExempt(block))
                .forEach(block -> HostCommands.run("", List.of("sh", "-n", "-c", block.text())));
    }

    @Test
    void allNamesInCommandsExist() {
        List<String> faults = new ArrayList<>();
        CommandBlock.pages()
                .forEach(page ->
                        commands(page).forEach((place, line) -> faults(line).forEach(f -> faults.add(place + f))));
        assertThat(faults).isEmpty();
    }

    @Test
    void findsNamesThatDoNotExist() {
        assertThat(faults("kubectl logs -n breakwater-system deploy/breakwater"))
                .hasSize(1);
        assertThat(faults("kubectl logs -n breakwater deploy/breakwater-operator"))
                .hasSize(1);
        assertThat(faults("kubectl get secret breakwater-masterkey -n breakwater-system"))
                .hasSize(1);
        assertThat(faults("kubectl get restorepiont/x -n shop")).hasSize(1);
        assertThat(faults("kubectl get rp -n shop --watchh")).hasSize(1);
        assertThat(faults("kubectl exec deploy/breakwater-operator -n breakwater-system -- rotate-key"))
                .hasSize(1);
        assertThat(faults("helm install breakwater x --set image.name=y")).hasSize(1);
        assertThat(faults("kubectl get rp,bl -n shop | grep x -z")).isEmpty();
        assertThat(faults("kubectl exec -i -n breakwater-system deploy/breakwater-operator -- rotate-master-key"))
                .isEmpty();
    }

    private static Stream<CommandBlock> blocks() {
        return CommandBlock.pages().stream().flatMap(page -> CommandBlock.of(page).stream());
    }

    private static boolean isExempt(CommandBlock block) {
        return EXEMPT.containsKey(name(block)) || EXEMPT.containsKey(name(block) + "#" + block.section());
    }

    private static String name(CommandBlock block) {
        return block.page().toString();
    }

    /** The commands of a page, by place. */
    private static Map<String, String> commands(Path page) {
        Map<String, String> commands = new LinkedHashMap<>();
        CommandBlock.of(page).stream().filter(CommandBlock::hasCommands).forEach(block -> {
            String text = block.text().replaceAll("\\\\\\n\\s*", " ");
            int number = 0;
            for (String line : text.split("\n")) {
                commands.put(block.place() + "/" + number++ + ": ", line.strip());
            }
        });
        int number = 0;
        for (String line : CommandBlock.lines(page)) {
            number++;
            Matcher span = IN_TEXT.matcher(line);
            while (span.find()) {
                commands.put(
                        page + ":" + number + ":" + span.start() + ": ",
                        span.group(1).replace("\\|", "|"));
            }
        }
        return commands;
    }

    private static List<String> faults(String line) {
        List<String> faults = new ArrayList<>();
        for (String command : line.split("\\s*(\\||&&|;|\\$\\()\\s*")) {
            if (command.startsWith("kubectl ")) {
                kubectl(command, faults);
            }
            if (command.startsWith("helm ")) {
                SET.matcher(command).results().map(m -> m.group(1)).forEach(value -> {
                    if (values.at("/" + value.replace('.', '/')).isMissingNode()) {
                        faults.add("the chart does not have the value " + value);
                    }
                });
            }
        }
        return faults;
    }

    private static void kubectl(String command, List<String> faults) {
        DEPLOYMENT.matcher(command).results().map(m -> m.group(1)).forEach(name -> {
            boolean isOwn = command.contains("breakwater-system") || name.startsWith("breakwater");
            if (isOwn && !objects.contains("Deployment/" + name)) {
                faults.add("the chart does not have the Deployment " + name);
            }
        });
        Matcher prefixed = PREFIXED.matcher(DEPLOYMENT.matcher(command).replaceAll(""));
        while (prefixed.find()) {
            String name = prefixed.group();
            if (!CREATED.contains(name) && objects.stream().noneMatch(o -> o.endsWith("/" + name))) {
                faults.add("nothing has the name " + name);
            }
        }
        List<String> words = List.of(command.split("\\s+"));
        int program = words.indexOf("--");
        if (program > 0 && command.contains("breakwater-system") && words.size() > program + 1) {
            String name = words.get(program + 1);
            if (!Files.exists(Path.of("images/breakwater", name))) {
                faults.add("the image does not have the command " + name);
            }
        }
        arguments(program < 0 ? words : words.subList(0, program), faults);
    }

    private static void arguments(List<String> words, List<String> faults) {
        String verb = null;
        boolean hasKind = false;
        for (int at = 1; at < words.size(); at++) {
            String word = words.get(at);
            if (word.startsWith("'") || word.startsWith("\"") || word.startsWith("#") || word.startsWith("<")) {
                return; // texts follow, with words of their own
            }
            if (word.startsWith("-")) {
                String flag = word.split("=", 2)[0];
                if (!FLAGS.contains(flag) && !flag.startsWith("-o") && !flag.startsWith("-l")) {
                    faults.add("kubectl does not have the flag " + flag);
                }
                boolean isNamespace = flag.equals("-n") || flag.equals("--namespace");
                boolean hasValue = !word.contains("=")
                        && Set.of(
                                        "-n",
                                        "--namespace",
                                        "-l",
                                        "-o",
                                        "-f",
                                        "--context",
                                        "-c",
                                        "-p",
                                        "--type",
                                        "--subresource",
                                        "--as")
                                .contains(flag);
                if (isNamespace && at + 1 < words.size() && !isNamespace(words.get(at + 1))) {
                    faults.add("no example has the namespace " + words.get(at + 1));
                }
                at += hasValue ? 1 : 0;
                continue;
            }
            if (verb == null) {
                verb = word;
            } else if (!hasKind && VERBS.contains(verb)) {
                hasKind = true;
                Arrays.stream(word.split(","))
                        .map(kind -> kind.split("/")[0])
                        .filter(kind -> !isKind(kind))
                        .forEach(kind -> faults.add("no kind has the name " + kind));
            }
        }
    }

    private static boolean isNamespace(String word) {
        String name = word.replace("\"", "");
        return name.startsWith("$") || name.matches("[A-Z]+|…") || NAMESPACES.contains(name);
    }

    private static boolean isKind(String word) {
        String kind = word.split("\\.")[0].toLowerCase(Locale.ROOT);
        return word.startsWith("$")
                || word.startsWith("--")
                || word.matches("[A-Z…]+")
                || kinds.contains(kind)
                || kind.endsWith("ies") && kinds.contains(kind.replaceAll("ies$", "y"))
                || kind.endsWith("s") && kinds.contains(kind.substring(0, kind.length() - 1));
    }
}
