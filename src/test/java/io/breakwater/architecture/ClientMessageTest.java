package io.breakwater.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.breakwater.api.ServerMessage;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The message of an error of the Kubernetes client has the request, with the address of the API server. Only {@link ServerMessage} reads
 * it, and errors that may be such an error.
 */
class ClientMessageTest {
    private static final Set<String> WORDS = Set.of("getMessage", "getLocalizedMessage");

    /** Types of caught errors that may be an error of the client. */
    private static final List<Class<?>> ERRORS = List.of(RuntimeException.class, Exception.class, Throwable.class);

    /** Classes that write such messages only to the log, or whose errors are never those of the client. */
    private static final Set<String> OTHERS = Set.of(
            "FailoverPlanReconciler",
            "LeaseKeeper",
            "LeaseKeepers",
            "MergeMasterKeys",
            "OpenArchive",
            "PeriodicWork",
            "PrintableThrowable",
            "SealCodec",
            "ServingCertificate",
            "StartupGate",
            "TicketSigner",
            "VeleroCatalog");

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.breakwater");

    @Test
    void readsMessagesOfTheClientInOnePlace() {
        assertThat(readers(List.of(KubernetesClientException.class))).isEmpty();
    }

    @Test
    void readsMessagesOfUnknownErrorsInOnePlace() {
        assertThat(readers(ERRORS)).containsExactlyInAnyOrderElementsOf(OTHERS);
    }

    private static Set<String> readers(List<Class<?>> errors) {
        return CLASSES.stream()
                .flatMap(type -> type.getMethodCallsFromSelf().stream())
                .filter(call -> WORDS.contains(call.getName()))
                .filter(call ->
                        errors.stream().anyMatch(error -> call.getTargetOwner().isEquivalentTo(error)))
                .map(call -> call.getOriginOwner().getSimpleName())
                .filter(name -> !name.equals(ServerMessage.class.getSimpleName()))
                .collect(Collectors.toSet());
    }
}
