package io.breakwater.architecture;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.fasterxml.jackson.core.TSFBuilder;
import com.fasterxml.jackson.core.TokenStreamFactory;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.InputStream;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.Test;

/**
 * What a tenant, a pod, a store or a stranger controls is read by a few classes only, which bound it. A new one is a decision, made
 * here, and gets a fuzz test.
 */
class ForeignInputTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.breakwater");

    /** They have parsers with limits of their own. */
    private static final Set<String> PARSERS = Set.of("BoundedJson", "ObjectJson", "StoredBackup", "ReviewReader");

    /** They write JSON or YAML, read what the API server answers, or read a file that the user of a command names. */
    private static final Set<String> OF_OWN_DATA = Set.of(
            "AuditLog",
            "ListingResponse",
            "ResourceList",
            "ApiServer",
            "LeaseStore",
            "VeleroObjects",
            "ConvertVelero",
            "RotateMasterKey");

    /** They read a stream to its end, with a bound, or one of {@link #OF_OWN_DATA}. */
    private static final Set<String> READERS =
            Set.of("BoundedContent", "AnswerBound", "ArchiveReader", "S3Store", "ApiServer", "RotateMasterKey");

    /** They unpack, with a bound on what comes out. */
    private static final Set<String> UNPACKERS = Set.of("ArchiveReader", "StoredBackup");

    @Test
    void parsesJsonWithLimits() {
        noClasses()
                .that(areNot(PARSERS))
                .and(areNot(OF_OWN_DATA))
                .should()
                .callConstructorWhere(target(owner(assignableTo(ObjectMapper.class))))
                .orShould()
                .callConstructorWhere(target(owner(assignableTo(TokenStreamFactory.class))))
                .orShould()
                .callMethodWhere(target(owner(assignableTo(ObjectMapper.class))).and(target(name("builder"))))
                .orShould()
                .callMethodWhere(
                        target(owner(assignableTo(TokenStreamFactory.class))).and(target(name("builder"))))
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(TSFBuilder.class)
                .because("BoundedJson.mapper() bounds what a document may hold")
                .check(CLASSES);
    }

    @Test
    void readsStreamsWithABound() {
        noClasses()
                .that(areNot(READERS))
                .should()
                .callMethodWhere(target(owner(assignableTo(InputStream.class)))
                        .and(target(nameMatching("readAllBytes|readNBytes"))))
                .because("BoundedContent.read stops at a bound")
                .check(CLASSES);
    }

    @Test
    void unpacksWithABound() {
        noClasses()
                .that(areNot(UNPACKERS))
                .should()
                .callConstructorWhere(target(owner(assignableTo(InflaterInputStream.class))))
                .orShould()
                .dependOnClassesThat()
                .haveNameMatching("org\\.apache\\.commons\\.compress\\.(archivers|compressors)\\..*InputStream")
                .because("some kilobytes may unpack to gigabytes")
                .check(CLASSES);
    }

    @Test
    void parsesNoXml() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("javax.xml..", "org.xml..", "org.w3c..", "com.fasterxml.jackson.dataformat.xml..")
                .because("only the clients of the stores parse XML, behind AnswerBound")
                .check(CLASSES);
    }

    /** An expression of a user could take exponential time. OutputPattern takes them, and has linear time. */
    @Test
    void hasNoRegularExpressionsButConstants() {
        noClasses()
                .should(callPatternsOutsideOfInitializers())
                .because("OutputPattern matches expressions of users in linear time")
                .check(CLASSES);
    }

    private static ArchCondition<JavaClass> callPatternsOutsideOfInitializers() {
        return new ArchCondition<>("compile regular expressions outside of static initializers") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                for (JavaMethodCall call : type.getMethodCallsFromSelf()) {
                    boolean compiles = call.getTargetOwner().isEquivalentTo(Pattern.class)
                            && call.getTarget().getName().equals("compile");
                    boolean isInitializer = call.getOrigin().getName().equals("<clinit>");
                    if (compiles && !isInitializer) {
                        events.add(SimpleConditionEvent.satisfied(call, call.getDescription()));
                    }
                }
            }
        };
    }

    private static DescribedPredicate<JavaClass> areNot(Set<String> names) {
        return DescribedPredicate.describe(
                "are not " + names, type -> !names.contains(outermost(type).getSimpleName()));
    }

    private static JavaClass outermost(JavaClass type) {
        return type.getEnclosingClass().map(ForeignInputTest::outermost).orElse(type);
    }
}
