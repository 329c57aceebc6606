package io.breakwater.mover;

import io.breakwater.api.QuotaAdvice;
import io.breakwater.api.Texts;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The newest event that reports a problem of an object. Users can create events too, so the text is cut and only shown: it decides
 * nothing.
 */
final class WarningEvents {
    /** Events of one object that are read. */
    private static final long MOST = 100;

    private static final int MOST_TEXT = 400;
    private static final Comparator<Event> BY_TIME = Comparator.comparing(WarningEvents::time);

    private final KubernetesClient client;

    WarningEvents(KubernetesClient client) {
        this.client = client;
    }

    /** Reason and text of the newest warning about an object; empty without one. */
    Optional<String> newest(HasMetadata object) {
        return newestWarning(of(object));
    }

    /**
     * Reason and text of the newest warning. Without one, of the newest event whose reason reports a failure. Without that, of the
     * newest event: provisioners report some failures and waits as normal events.
     */
    Optional<String> newestOfAny(List<Event> events) {
        return newestWarning(events)
                .or(() -> events.stream()
                        .filter(e -> String.valueOf(e.getReason()).contains("Fail"))
                        .max(BY_TIME)
                        .map(WarningEvents::text))
                .or(() -> events.stream().max(BY_TIME).map(WarningEvents::text));
    }

    private static Optional<String> newestWarning(List<Event> events) {
        return events.stream()
                .filter(e -> "Warning".equals(e.getType()))
                .max(BY_TIME)
                .map(WarningEvents::text);
    }

    /** Events about an object. An earlier object of the same name does not count. */
    List<Event> of(HasMetadata object) {
        String uid = object.getMetadata().getUid();
        return client
                .v1()
                .events()
                .inNamespace(object.getMetadata().getNamespace())
                .withField("involvedObject.uid", uid)
                .list(new ListOptionsBuilder().withLimit(MOST).build())
                .getItems()
                .stream()
                .filter(e -> uid.equals(e.getInvolvedObject().getUid()))
                .toList();
    }

    /** The last occurrence. Newer recorders write it to other fields than older ones. */
    private static String time(Event event) {
        return Stream.of(
                        event.getLastTimestamp(),
                        event.getSeries() == null || event.getSeries().getLastObservedTime() == null
                                ? null
                                : event.getSeries().getLastObservedTime().getTime(),
                        event.getEventTime() == null
                                ? null
                                : event.getEventTime().getTime(),
                        event.getMetadata().getCreationTimestamp())
                .filter(Objects::nonNull)
                .max(Comparator.naturalOrder())
                .orElse("");
    }

    private static String text(Event event) {
        String message = event.getMessage() == null ? "" : event.getMessage().strip();
        return QuotaAdvice.addedTo(Texts.line(event.getReason() + ": " + message, MOST_TEXT));
    }
}
