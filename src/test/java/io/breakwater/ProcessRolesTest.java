package io.breakwater;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.BreakwaterConfig.Role;
import io.breakwater.config.TestConfig;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The work of each process. */
class ProcessRolesTest {
    @Test
    void runsOnlyTheControllersOfPlansAndRequestsInTheGuard() {
        Map<Role, java.util.Set<String>> controllers = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("io.breakwater").stream()
                        .filter(type -> type.isAssignableTo(Reconciler.class) && !type.isInterface())
                        .filter(type -> !type.getModifiers().contains(JavaModifier.ABSTRACT))
                        .map(JavaClass::reflect)
                        .collect(Collectors.groupingBy(
                                ControllerRegistration::roleOf,
                                Collectors.mapping(Class::getSimpleName, Collectors.toSet())));

        assertThat(controllers).containsOnlyKeys(Role.guard, Role.operator);
        assertThat(controllers.get(Role.guard))
                .containsExactlyInAnyOrder("FailoverPlanReconciler", "FailoverRequestReconciler");
        assertThat(controllers.get(Role.operator)).hasSizeGreaterThan(10);
    }

    @ParameterizedTest
    @CsvSource({
        "guard, true, true, false",
        "guard, false, true, false",
        "operator, true, true, true",
        "operator, false, true, false",
        "gateway, false, false, true"
    })
    void startsWhatTheRoleNeeds(Role role, boolean embedded, boolean controllers, boolean gateway) {
        BreakwaterConfig config = TestConfig.of(
                Map.of("breakwater.role", role.name(), "breakwater.gateway.embedded", Boolean.toString(embedded)));

        assertThat(Main.hasControllers(config)).isEqualTo(controllers);
        assertThat(Main.servesGateway(config)).isEqualTo(gateway);
    }
}
