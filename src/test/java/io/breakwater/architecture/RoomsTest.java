package io.breakwater.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.breakwater.steps.Step;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The map of the packages: what each of them uses, and the rules that hold in all of them. */
class RoomsTest {
    private static final String ROOT = "io.breakwater";

    /** What a package uses besides itself; a new arrow is a decision, made here. */
    private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            Map.entry("api", Set.of()),
            Map.entry("config", Set.of()),
            Map.entry("observe", Set.of("api", "config")),
            Map.entry("steps", Set.of("api", "config", "observe")),
            Map.entry("watch", Set.of("api", "observe")),
            Map.entry("gate", Set.of("api", "config", "observe", "steps", "watch")),
            Map.entry("election", Set.of("api", "config", "observe")),
            Map.entry("uninstall", Set.of("api", "gate")),
            Map.entry("tls", Set.of("api", "config")),
            Map.entry("store", Set.of("api", "steps")),
            Map.entry("store.azure", Set.of("api", "steps", "store", "store.endpoint")),
            Map.entry("store.endpoint", Set.of("api")),
            Map.entry("store.s3", Set.of("api", "steps", "store", "store.endpoint")),
            Map.entry(
                    "location",
                    Set.of(
                            "api",
                            "config",
                            "location.keys",
                            "observe",
                            "steps",
                            "store",
                            "store.azure",
                            "store.endpoint",
                            "store.s3",
                            "trust",
                            "watch")),
            Map.entry("location.keys", Set.of("api", "store")),
            Map.entry("archive", Set.of("api", "location.keys", "store", "trust")),
            Map.entry("velero", Set.of("api", "store")),
            Map.entry("velero.model", Set.of()),
            Map.entry("migrate", Set.of("api", "velero.model")),
            Map.entry("database", Set.of("api")),
            Map.entry("volume", Set.of("api", "resource", "steps")),
            Map.entry("resource", Set.of("api", "steps", "velero")),
            Map.entry("resource.capture", Set.of("api", "resource", "steps", "velero")),
            Map.entry("resource.apply", Set.of("api", "resource", "resource.workload", "steps", "trust", "velero")),
            Map.entry("resource.workload", Set.of("api", "resource")),
            Map.entry("trust", Set.of("api", "config", "observe", "store", "velero", "watch")),
            Map.entry("admission", Set.of("api", "config", "gate", "observe", "store.endpoint", "tls", "trust")),
            Map.entry(
                    "catalog",
                    Set.of(
                            "api",
                            "archive",
                            "config",
                            "location",
                            "location.keys",
                            "observe",
                            "points",
                            "steps",
                            "store",
                            "trust",
                            "velero",
                            "watch")),
            Map.entry("gateway", Set.of("api", "config", "location", "location.keys", "observe", "store", "tls")),
            Map.entry("mover", Set.of("api", "config", "gateway", "steps", "store")),
            Map.entry(
                    "failover",
                    Set.of(
                            "api",
                            "config",
                            "election",
                            "gate",
                            "lease",
                            "location",
                            "observe",
                            "points",
                            "resource.workload",
                            "steps",
                            "watch")),
            Map.entry("lease", Set.of("api", "observe", "steps", "store")),
            Map.entry("points", Set.of("api", "observe", "watch")),
            Map.entry(
                    "policy",
                    Set.of(
                            "api",
                            "config",
                            "failover",
                            "gateway",
                            "location",
                            "observe",
                            "points",
                            "policy.template",
                            "store",
                            "trust",
                            "watch")),
            Map.entry("policy.template", Set.of("api", "config", "observe", "resource", "steps", "trust", "watch")),
            Map.entry(
                    "replication",
                    Set.of(
                            "api",
                            "catalog",
                            "config",
                            "gateway",
                            "location",
                            "observe",
                            "points",
                            "policy",
                            "steps",
                            "store",
                            "trust")),
            Map.entry(
                    "capture",
                    Set.of(
                            "api",
                            "archive",
                            "location.keys",
                            "catalog",
                            "config",
                            "database",
                            "gate",
                            "gateway",
                            "location",
                            "mover",
                            "observe",
                            "points",
                            "policy",
                            "replication",
                            "resource",
                            "resource.capture",
                            "steps",
                            "trust",
                            "store",
                            "velero",
                            "volume")),
            Map.entry(
                    "cleanup",
                    Set.of(
                            "api",
                            "catalog",
                            "config",
                            "failover",
                            "gateway",
                            "location",
                            "location.keys",
                            "mover",
                            "observe",
                            "points",
                            "replication",
                            "steps",
                            "trust",
                            "store",
                            "volume",
                            "watch")),
            Map.entry(
                    "rotation",
                    Set.of(
                            "api",
                            "catalog",
                            "config",
                            "gateway",
                            "lease",
                            "location",
                            "location.keys",
                            "mover",
                            "observe",
                            "steps",
                            "trust",
                            "store",
                            "watch")),
            Map.entry(
                    "restore",
                    Set.of(
                            "api",
                            "catalog",
                            "config",
                            "database",
                            "gate",
                            "gateway",
                            "location",
                            "mover",
                            "observe",
                            "resource",
                            "resource.apply",
                            "resource.workload",
                            "steps",
                            "store",
                            "trust",
                            "volume",
                            "points")),
            Map.entry(
                    "verify",
                    Set.of(
                            "api",
                            "catalog",
                            "config",
                            "database",
                            "gateway",
                            "location",
                            "mover",
                            "observe",
                            "policy",
                            "resource.workload",
                            "steps",
                            "trust",
                            "volume",
                            "watch",
                            "points")));

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ROOT);

    @TestFactory
    Stream<DynamicTest> matchesPackageDependenciesToTheMap() {
        return ARROWS.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(arrow -> DynamicTest.dynamicTest(
                        arrow.getKey(),
                        () -> assertThat(used(arrow.getKey()))
                                .as("packages that %s uses", arrow.getKey())
                                .containsExactlyInAnyOrderElementsOf(arrow.getValue())));
    }

    private static Set<String> used(String room) {
        return CLASSES.stream()
                .filter(type -> roomOf(type).equals(room))
                .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
                .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                .filter(type -> type.getPackageName().startsWith(ROOT + "."))
                .map(RoomsTest::roomOf)
                .filter(other -> !other.equals(room))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String roomOf(JavaClass type) {
        return type.getPackageName().equals(ROOT) ? "" : type.getPackageName().substring(ROOT.length() + 1);
    }

    @Test
    void listsAndDocumentsEveryPackage() {
        Set<String> present = CLASSES.stream()
                .map(RoomsTest::roomOf)
                .filter(name -> !name.isEmpty())
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(ARROWS.keySet()).containsExactlyInAnyOrderElementsOf(present);
        assertThat(present)
                .allSatisfy(name -> assertThat(Files.exists(
                                Path.of("src/main/java/io/breakwater", name.replace('.', '/'), "package-info.java")))
                        .as("package-info.java of %s", name)
                        .isTrue())
                .allSatisfy(name ->
                        assertThat(Path.of("docs/architecture.md")).content().contains("| `" + name + "` | "));
    }

    @Test
    void forbidsCyclesBetweenPackages() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void forbidsFrameworksInTheApiPackage() {
        noClasses()
                .that()
                .resideInAPackage(in("api"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.quarkus..", "io.javaoperatorsdk..", "jakarta.enterprise..", "io.micrometer..")
                .check(CLASSES);
    }

    @Test
    void forbidsKubernetesClientsInTheLeasePackage() {
        noClasses()
                .that()
                .resideInAPackage(in("lease"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.fabric8.kubernetes..", "io.quarkus..", "io.javaoperatorsdk..")
                .check(CLASSES);
    }

    @Test
    void hidesCloudLibrariesBehindTheStoreInterface() {
        Map.of("store.azure", "com.azure..", "store.s3", "software.amazon..")
                .forEach((room, library) -> noClasses()
                        .that()
                        .resideOutsideOfPackage(in(room))
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(library)
                        .check(CLASSES));
    }

    @Test
    void hidesTheMeterRegistryBehindMeters() {
        noClasses()
                .that()
                .resideOutsideOfPackage(in("observe"))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.micrometer..")
                .check(CLASSES);
    }

    @Test
    void forbidsPublicReconcilers() {
        classes()
                .that()
                .implement(Reconciler.class)
                .and()
                .doNotHaveModifier(JavaModifier.ABSTRACT)
                .should()
                .notBePublic()
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void forbidsSleepInReconcilers() {
        noClasses()
                .that()
                .implement(Reconciler.class)
                .should()
                .callMethod(Thread.class, "sleep", long.class)
                .orShould()
                .callMethod(Thread.class, "sleep", Duration.class)
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void forbidsConsoleOutputOutsideCommands() {
        noClasses()
                .that()
                .doNotHaveSimpleName("ConvertVelero") // a command, whose output this is
                .and()
                .doNotHaveSimpleName("RotateMasterKey")
                .and()
                .doNotHaveSimpleName("MergeMasterKeys")
                .and()
                .doNotHaveSimpleName("UninstallCommand")
                .and()
                .doNotHaveSimpleName("OpenArchive")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .check(CLASSES);
    }

    /** Classes of one word: the field has that word, or the domain does. A new one is a decision, made here. */
    private static final Set<String> DOMAIN_WORDS = Set.of(
            "Activities",
            "Attestation",
            "Author",
            "Availability",
            "Awaited",
            "Catalog",
            "Conditions",
            "Discovery",
            "Events",
            "Gzip",
            "Intent",
            "Journal",
            "Lease",
            "Lineage",
            "Meters",
            "Outcome",
            "Parallel",
            "Pem",
            "Postgresql",
            "Quiesced",
            "Quotas",
            "Readiness",
            "Replicator",
            "Repositories",
            "Rotation",
            "Sandbox",
            "Snapshots",
            "Step",
            "Stores",
            "Ticket",
            "Tombstone",
            "Warnings",
            "Workloads");

    @Test
    void givesEachClassANameOfItsOwn() {
        assertThat(named().filter(type -> !roomOf(type).equals("velero.model")).map(JavaClass::getSimpleName))
                .as("simple names of all classes, but those that Velero named")
                .doesNotHaveDuplicates();
    }

    @Test
    void namesClassesByTheObjectAndTheRole() {
        Set<String> single = named().filter(
                        type -> !Set.of("", "api", "velero.model").contains(roomOf(type)))
                .map(JavaClass::getSimpleName)
                .filter(name -> name.matches("[A-Z]+[a-z0-9]*"))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(single).as("names of one word").containsExactlyInAnyOrderElementsOf(DOMAIN_WORDS);
        assertThat(single.size() * 10L)
                .as("tenfold number of names of one word")
                .isLessThanOrEqualTo(named().count());
    }

    @Test
    void namesStepsAndChecksByTheirRole() {
        classes()
                .that()
                .implement(Step.class)
                .and()
                .areTopLevelClasses()
                .should()
                .haveSimpleNameEndingWith("Step")
                .check(CLASSES);
        assertThat(named().filter(type -> roomOf(type).equals("admission"))
                        .filter(RoomsTest::reportsFindings)
                        .map(JavaClass::getSimpleName))
                .as("classes of admission that report findings")
                .isNotEmpty()
                .allMatch(name -> name.endsWith("Check"));
    }

    private static boolean reportsFindings(JavaClass type) {
        return type.getMethods().stream()
                .filter(method -> !method.getModifiers().contains(JavaModifier.PRIVATE))
                .filter(method -> !method.getModifiers().contains(JavaModifier.SYNTHETIC))
                .flatMap(method -> method.getRawParameterTypes().stream())
                .anyMatch(parameter -> parameter.getSimpleName().equals("CheckFindings"));
    }

    private static Stream<JavaClass> named() {
        return CLASSES.stream()
                .filter(JavaClass::isTopLevelClass)
                .filter(type -> !type.getSimpleName().equals("package-info"));
    }

    private static String in(String room) {
        return ROOT + "." + room + "..";
    }
}
