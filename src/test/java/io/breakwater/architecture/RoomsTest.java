package io.breakwater.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
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

/** Which package may use which. Each package's package-info.java says the same in words. */
class RoomsTest {
    private static final String ROOT = "io.breakwater";

    /** What a package may use besides itself; a new arrow is a decision, made here. */
    private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            Map.entry("api", Set.of()),
            Map.entry("config", Set.of()),
            Map.entry("observe", Set.of("api")),
            Map.entry("steps", Set.of("api", "observe")),
            Map.entry("velero", Set.of("api")),
            Map.entry("velero.model", Set.of()),
            Map.entry("migrate", Set.of("api", "velero")),
            Map.entry("tls", Set.of("api", "config")),
            Map.entry("admission", Set.of("api", "config", "observe", "tls")),
            Map.entry("location", Set.of("api", "config", "observe", "steps")),
            Map.entry("gateway", Set.of("api", "config", "location", "observe", "tls")),
            Map.entry("database", Set.of("api")),
            Map.entry("resource", Set.of("api", "steps", "velero")),
            Map.entry("volume", Set.of("api", "config", "gateway")),
            Map.entry("catalog", Set.of("api", "config", "location", "observe", "steps", "velero")),
            Map.entry("replication", Set.of("api", "catalog", "location", "steps")),
            Map.entry(
                    "rotation",
                    Set.of("api", "catalog", "config", "gateway", "location", "observe", "steps", "volume")),
            Map.entry(
                    "failover",
                    Set.of("admission", "api", "catalog", "config", "location", "observe", "resource", "steps")),
            Map.entry(
                    "policy",
                    Set.of("api", "catalog", "config", "failover", "gateway", "location", "observe", "steps")),
            Map.entry(
                    "capture",
                    Set.of(
                            "admission",
                            "api",
                            "catalog",
                            "config",
                            "database",
                            "gateway",
                            "location",
                            "observe",
                            "policy",
                            "replication",
                            "resource",
                            "steps",
                            "velero",
                            "volume")),
            Map.entry(
                    "verify",
                    Set.of(
                            "api",
                            "catalog",
                            "config",
                            "database",
                            "gateway",
                            "location",
                            "observe",
                            "policy",
                            "resource",
                            "steps",
                            "volume")),
            Map.entry(
                    "restore",
                    Set.of(
                            "admission",
                            "api",
                            "catalog",
                            "config",
                            "database",
                            "gateway",
                            "location",
                            "observe",
                            "resource",
                            "steps",
                            "velero",
                            "volume")));

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ROOT);

    @TestFactory
    Stream<DynamicTest> eachPackageUsesOnlyWhatItMay() {
        return ARROWS.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(arrow -> DynamicTest.dynamicTest(
                        arrow.getKey(),
                        () -> noClasses()
                                .that()
                                .resideInAPackage(in(arrow.getKey()))
                                .should()
                                .dependOnClassesThat(resideInAPackage(ROOT + "..")
                                        .and(not(resideInAnyPackage(allowed(arrow.getKey(), arrow.getValue())))))
                                .allowEmptyShould(true)
                                .check(CLASSES)));
    }

    @Test
    void everyPackageIsOnTheMapAndSaysWhatItIsFor() {
        Set<String> present = CLASSES.stream()
                .map(JavaClass::getPackageName)
                .filter(name -> !name.equals(ROOT))
                .map(name -> name.substring(ROOT.length() + 1))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(ARROWS.keySet()).containsAll(present);
        assertThat(present)
                .allSatisfy(name -> assertThat(Files.exists(
                                Path.of("src/main/java/io/breakwater", name.replace('.', '/'), "package-info.java")))
                        .as("package-info.java of %s", name)
                        .isTrue());
    }

    @Test
    void packagesFormNoCircle() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void theApiKnowsNoFramework() {
        noClasses()
                .that()
                .resideInAPackage(in("api"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.quarkus..", "io.javaoperatorsdk..", "jakarta.enterprise..", "io.micrometer..")
                .check(CLASSES);
    }

    @Test
    void storesAreReachedThroughTheirInterface() {
        noClasses()
                .that()
                .resideOutsideOfPackage(in("location"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.azure..")
                .check(CLASSES);
    }

    @Test
    void reconcilersAreTheirPackagesOwnBusiness() {
        classes()
                .that()
                .implement(Reconciler.class)
                .should()
                .notBePublic()
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void nothingSleepsWhileItReconciles() {
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
    void nobodyPrintsPastTheLog() {
        noClasses()
                .that()
                .doNotHaveSimpleName("ConvertVelero") // a command, whose output this is
                .and()
                .doNotHaveSimpleName("RotateMasterKey")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .check(CLASSES);
    }

    private static String in(String room) {
        return ROOT + "." + room + "..";
    }

    private static String[] allowed(String room, Set<String> others) {
        return Stream.concat(Stream.of(room), others.stream())
                .map(RoomsTest::in)
                .toList()
                .toArray(String[]::new);
    }
}
