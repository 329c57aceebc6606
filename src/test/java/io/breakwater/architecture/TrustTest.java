package io.breakwater.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.domain.JavaFieldAccess.AccessType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.trust.PointKey;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Only the room {@code trust} turns what a status says into the identity of a point. */
class TrustTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.breakwater");

    /** Fields of the status that would be an identity, a lock or a place if anybody believed them. */
    private static final Set<String> IDENTITY =
            Set.of("site", "namespace", "cluster", "namespaceUid", "point", "digest", "lockedUntil");

    /**
     * The classes that may read them, and why their reading decides nothing about data.
     *
     * <ul>
     *   <li>PointLock: the webhook and the retention only refuse more with it; the deletion reads the seal
     *   <li>DeletionCheck: a refusal for politeness; the deletion reads the seal
     *   <li>PlanPoints: chooses a RestorePoint of the plan's namespace; the Restore asks the rule
     *   <li>PointSelector: whether there is a digest at all
     *   <li>PointRecord: copies them for the index, and decides nothing
     *   <li>Lineage: the order of points, and which of them the history of the lease contains; the Restore asks the rule for the data
     *   <li>SnapshotStep: the next number in the order
     *   <li>PointIndex: whether a capture has started, for its place in a budget
     * </ul>
     */
    private static final Set<String> READERS = Set.of(
            "IdentityRule",
            "PointLock",
            "DeletionCheck",
            "PlanPoints",
            "PointSelector",
            "PointRecord",
            "PointIndex",
            "Lineage",
            "SnapshotStep");

    /** Who makes an identity from parts: of a key in a listing, or of a document whose signature is verified. */
    private static final Map<String, Set<String>> MAKERS = Map.of(
            "ofStore",
            Set.of("PointDocument", "VeleroCatalog", "TombstoneReconciler"),
            "ofCapture",
            Set.of("CaptureRun", "PointCopies", "PointDeletion", "SealedCaptureSweep"),
            "parse",
            Set.of("KeptSnapshotSweep"),
            "find",
            Set.of("IdentityRule", "ImportedPoint", "InProgressMarker", "PointKey", "TombstoneReconciler"));

    @Test
    void readsIdentitiesOfStatusesInOneRoomOnly() {
        Set<String> readers = CLASSES.stream()
                .flatMap(type -> type.getFieldAccessesFromSelf().stream())
                .filter(TrustTest::readsIdentity)
                .map(access -> topLevel(access.getOriginOwner()))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(readers)
                .as("classes that read %s of a RestorePoint's status", IDENTITY)
                .containsExactlyInAnyOrderElementsOf(READERS);
    }

    @Test
    void readsReportedSnapshotsOnlyToKeepOrCaptureData() {
        Set<String> readers = CLASSES.stream()
                .flatMap(type -> type.getFieldAccessesFromSelf().stream())
                .filter(access -> access.getAccessType() == AccessType.GET)
                .filter(access -> access.getTarget().getName().equals("repositorySnapshot"))
                .filter(access -> access.getTarget().getOwner().isEquivalentTo(RestorePointStatus.VolumeStatus.class))
                .map(access -> topLevel(access.getOriginOwner()))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(readers)
                .as("classes that read volumes[].repositorySnapshot of a RestorePoint's status")
                .containsExactly("IdentityRule", "MoveVolumesStep", "PointRecord", "RestorePoint", "SealStep");
    }

    @Test
    void makesIdentitiesWhereTheirSourceIsKnown() {
        MAKERS.forEach((method, makers) -> {
            Set<String> callers = CLASSES.stream()
                    .flatMap(type -> type.getMethodCallsFromSelf().stream())
                    .filter(call -> call.getTargetOwner().isEquivalentTo(PointKey.class))
                    .filter(call -> call.getName().equals(method))
                    .map(call -> topLevel(call.getOriginOwner()))
                    .collect(Collectors.toCollection(TreeSet::new));
            assertThat(callers).as("callers of PointKey.%s", method).containsExactlyInAnyOrderElementsOf(makers);
        });
    }

    private static boolean readsIdentity(JavaFieldAccess access) {
        return access.getAccessType() == AccessType.GET
                && access.getTarget().getOwner().isEquivalentTo(RestorePointStatus.class)
                && IDENTITY.contains(access.getTarget().getName());
    }

    private static String topLevel(JavaClass type) {
        String name = type.getName().substring(type.getPackageName().length() + 1);
        return name.replaceAll("\\$.*", "");
    }
}
