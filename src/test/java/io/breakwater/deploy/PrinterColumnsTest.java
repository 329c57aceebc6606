package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Condition;
import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The columns of {@code kubectl get}. */
class PrinterColumnsTest {
    /** The columns of each kind; those after {@code |} are only in {@code -o wide}. Age is the last one of every kind. */
    private static final Map<String, String> COLUMNS = Map.of(
            "BackupLocation", "Ready, Reason, Store, Lease, Probed | Site, Cluster",
            "BackupPolicy",
                    "Ready, Protected, Last success, RPO, Copies, Proven, Namespaces, Uncovered, Reason"
                            + " | Schedule, Next, Suspended, Last point, Last point good, Template",
            "FailoverRequest", "Succeeded, Reason, Plan, Site | Message",
            "FailoverPlan", "Role, Active, Requested, Epoch, Ready, Protected, Lag, Reason | Expected loss",
            "Restore", "Succeeded, Reason, Point, Progress, Available, Duration | Transfer",
            "RestorePoint",
                    "Succeeded, Reason, Policy, Captured, Size, Copies, Proven, Progress"
                            + " | Transfer, Duration, Consistency, Volumes",
            "Verification", "Succeeded, Reason, Level, Point, Restore time, Progress | ");

    /** Fields that every object has, and that no schema of a kind describes. */
    private static final Set<String> METADATA =
            Set.of(".metadata.creationTimestamp", ".metadata.labels['breakwater\\.io/template']");

    private static final Pattern OF_CONDITION =
            Pattern.compile("\\.status\\.conditions\\[\\?\\(@\\.type==\"(\\w+)\"\\)]\\.(\\w+)");

    @TempDir
    private Path scratch;

    private final Map<String, JsonNode> versions = new TreeMap<>();

    @BeforeEach
    void generate() throws IOException {
        for (String file : CrdFiles.generate(scratch).values()) {
            JsonNode crd = CrdFiles.YAML.readTree(file);
            versions.put(crd.at("/spec/names/kind").asText(), crd.at("/spec/versions/0"));
        }
    }

    @Test
    void printsTheColumnsOfTheTable() {
        Map<String, String> printed = new TreeMap<>();
        versions.forEach((kind, version) ->
                printed.put(kind, names(version, 0).replaceFirst(", Age$", "") + " | " + names(version, 1)));
        assertThat(printed).isEqualTo(new TreeMap<>(COLUMNS));
    }

    /** Each section of the page has the columns of its kind, those of {@code -o wide} in the second table. */
    @Test
    void describesEachColumnInThePage() throws IOException {
        String page = Files.readString(Path.of("docs/reference/columns.md"));
        versions.forEach((kind, version) -> {
            String section = page.split("## " + kind + " \\(")[1].split("\n## ")[0];
            String[] tables = section.split("\\| wide \\| meaning", 2);
            assertThat(described(tables[0])).as("columns of %s", kind).isEqualTo(shown(version, 0));
            assertThat(tables.length == 1 ? Set.of() : described(tables[1]))
                    .as("wide columns of %s", kind)
                    .isEqualTo(shown(version, 1));
        });
    }

    private static Set<String> described(String table) {
        return table.lines()
                .filter(line -> line.startsWith("| `"))
                .map(line -> line.split(" \\| ")[0])
                .flatMap(cell -> Pattern.compile("`([^`]+)`").matcher(cell).results())
                .map(name -> name.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> shown(JsonNode version, int priority) {
        return columns(version)
                .filter(column -> column.path("priority").asInt() == priority)
                .map(column -> column.path("name").asText())
                .filter(name -> !name.equals("Age"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void readsOnlyFieldsOfTheSchema() {
        versions.forEach((kind, version) -> columns(version).forEach(column -> {
            String path = column.path("jsonPath").asText();
            if (!METADATA.contains(path)) {
                JsonNode field = field(version.at("/schema/openAPIV3Schema"), path);
                assertThat(field.isObject()).as("%s has a field %s", kind, path).isTrue();
                assertThat(column.path("type").asText().replace("date", "string"))
                        .as("type of %s %s", kind, path)
                        .isEqualTo(field.path("type").asText());
            }
        }));
    }

    @Test
    void readsOnlyConditionsThatExist() {
        Set<String> types = Stream.of(Condition.class.getFields())
                .filter(f -> Modifier.isStatic(f.getModifiers()) && f.getType() == String.class)
                .map(f -> {
                    try {
                        return (String) f.get(null);
                    } catch (IllegalAccessException e) {
                        throw new AssertionError(e);
                    }
                })
                .collect(Collectors.toSet());
        List<String> read = versions.values().stream()
                .flatMap(PrinterColumnsTest::columns)
                .map(column -> OF_CONDITION.matcher(column.path("jsonPath").asText()))
                .filter(Matcher::matches)
                .map(path -> path.group(1))
                .toList();
        assertThat(read).hasSizeGreaterThan(10);
        assertThat(types).containsAll(read);
    }

    /** The field of a path without indexes; that of a condition is a field of its items. */
    private static JsonNode field(JsonNode schema, String path) {
        Matcher condition = OF_CONDITION.matcher(path);
        if (condition.matches()) {
            return schema.at("/properties/status/properties/conditions/items/properties/" + condition.group(2));
        }
        return schema.at(path.replace(".", "/properties/"));
    }

    private static String names(JsonNode version, int priority) {
        return columns(version)
                .filter(column -> column.path("priority").asInt() == priority)
                .map(column -> column.path("name").asText())
                .collect(Collectors.joining(", "));
    }

    private static Stream<JsonNode> columns(JsonNode version) {
        return version.path("additionalPrinterColumns").valueStream();
    }
}
