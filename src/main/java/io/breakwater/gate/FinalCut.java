package io.breakwater.gate;

import io.breakwater.api.Api;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a namespace records about the final point of a hand-over: since when no pod may have run, and whether one was seen after
 * that. The record is in the namespace, so a restart does not forget it, and it holds for one run only.
 *
 * @param run identity of the hand-over
 * @param since a moment before the pods were found to have ended
 * @param seen the first pod that was seen after that; empty without one
 */
record FinalCut(String run, Instant since, Optional<String> seen) {
    /** The record of a namespace; empty if there is none that can be read. */
    static Optional<FinalCut> of(Namespace namespace) {
        Map<String, String> annotations =
                namespace == null ? null : namespace.getMetadata().getAnnotations();
        String text = annotations == null ? null : annotations.get(Api.FINAL_CUT);
        int space = text == null ? -1 : text.indexOf(' ');
        if (space < 0) {
            return Optional.empty();
        }
        try {
            Instant since = Instant.parse(text.substring(0, space));
            return Optional.of(
                    new FinalCut(text.substring(space + 1), since, Optional.ofNullable(annotations.get(Api.POD_SEEN))));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /** The namespace with a new record, of which no pod has been seen. */
    static Namespace begin(Namespace present, String run, Instant since) {
        return new NamespaceBuilder(present)
                .editMetadata()
                .addToAnnotations(Api.FINAL_CUT, since.truncatedTo(ChronoUnit.SECONDS) + " " + run)
                .removeFromAnnotations(Api.POD_SEEN)
                .endMetadata()
                .build();
    }

    /** The namespace without a record. */
    static Namespace clear(Namespace present) {
        return new NamespaceBuilder(present)
                .editMetadata()
                .removeFromAnnotations(Api.FINAL_CUT)
                .removeFromAnnotations(Api.POD_SEEN)
                .endMetadata()
                .build();
    }

    /** The first of these pods that may have written since the cut; empty if none may have. */
    Optional<String> disturber(List<Pod> pods) {
        return pods.stream()
                .filter(pod -> GateRules.isActive(pod) || hasRunSince(pod))
                .map(pod -> pod.getMetadata().getName())
                .findFirst();
    }

    /** A pod that ended and is not deleted. One that was never scheduled has not run. */
    private boolean hasRunSince(Pod pod) {
        ObjectMeta metadata = pod.getMetadata();
        return GateRules.isFinished(pod)
                && !GateRules.isMover(pod)
                && pod.getSpec().getNodeName() != null
                && metadata.getCreationTimestamp() != null
                && !Instant.parse(metadata.getCreationTimestamp()).isBefore(since);
    }
}
