package io.breakwater.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.breakwater.database.CaptureHooks;
import io.breakwater.database.PodExec;
import io.breakwater.database.Postgresql;
import io.breakwater.database.RestoreHooks;
import io.breakwater.trust.AuthorReview;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A new way to run commands in pods must ask who wants them: AuthorReview, or for a Restore the rights of its author. */
class CommandRulesTest {
    private static final Set<String> RUNNERS = Set.of(
            CaptureHooks.class.getName(),
            RestoreHooks.class.getName(),
            PodExec.class.getName(),
            Postgresql.class.getName());

    @Test
    void whoeverRunsCommandsAsksForTheAuthor() {
        DescribedPredicate<JavaClass> runCommands = describe(
                "run commands in pods",
                c -> !c.getPackageName().equals("io.breakwater.database")
                        && c.isTopLevelClass()
                        && c.getDirectDependenciesFromSelf().stream()
                                .anyMatch(
                                        d -> RUNNERS.contains(d.getTargetClass().getName())));
        classes()
                .that(runCommands)
                .should()
                .dependOnClassesThat()
                .haveNameMatching(AuthorReview.class.getName() + "|io.breakwater.restore.PointArchive")
                .check(new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackages("io.breakwater"));
    }
}
