package io.breakwater.observe;

import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.Objects;
import org.jboss.logging.Logger;

/**
 * Events on objects, with the same reasons as their conditions. A repeated event increases the count of the first one. The
 * log gets each event too. If the API server refuses an event, only the log has it.
 */
@ApplicationScoped
public class Events {
    private static final Logger LOG = Logger.getLogger(Events.class);
    private static final int LONGEST_USER = 256;

    private final KubernetesClient client;
    private final Clock clock;
    private final AuditLog audit;

    public Events(KubernetesClient client, Clock clock, AuditLog audit) {
        this.client = client;
        this.clock = clock;
        this.audit = audit;
    }

    /** Reports what was done. */
    public void normal(HasMetadata about, Reason reason, String message) {
        try (LogContext _ = LogContext.of(about)) {
            LOG.infof("%s: %s", reason, message);
            record(about, "Normal", reason, message);
        }
    }

    /** Reports what is wrong. */
    public void warning(HasMetadata about, Reason reason, String message) {
        try (LogContext _ = LogContext.of(about)) {
            LOG.warnf("%s: %s", reason, message);
            record(about, "Warning", reason, message);
        }
    }

    /**
     * Reports an act that is audited: as an event that names the user, and in the audit log.
     *
     * @param entry needs no object, reason and message
     */
    public void audited(HasMetadata about, Reason reason, String message, AuditEntry entry) {
        audit.write(entry.about(about).because(reason.name(), message));
        String named = entry.user().isKnown()
                ? message + "; requested by " + Texts.line(entry.user().username(), LONGEST_USER)
                : message;
        if (entry.result().isProblem()) {
            warning(about, reason, named);
        } else {
            normal(about, reason, named);
        }
    }

    private void record(HasMetadata about, String type, Reason reason, String message) {
        String namespace = about.getMetadata().getNamespace();
        String name = about.getMetadata().getName() + "."
                + HexFormat.of().toHexDigits(Objects.hash(about.getMetadata().getUid(), type, reason.name(), message));
        String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        try {
            var events = client.v1().events().inNamespace(namespace);
            if (isCreated(events.resource(new EventBuilder()
                    .withNewMetadata()
                    .withName(name)
                    .withNamespace(namespace)
                    .endMetadata()
                    .withNewInvolvedObject()
                    .withApiVersion(about.getApiVersion())
                    .withKind(about.getKind())
                    .withName(about.getMetadata().getName())
                    .withNamespace(namespace)
                    .withUid(about.getMetadata().getUid())
                    .endInvolvedObject()
                    .withType(type)
                    .withReason(reason.name())
                    .withMessage(Texts.cut(message, 1000))
                    .withCount(1)
                    .withFirstTimestamp(now)
                    .withLastTimestamp(now)
                    .withNewSource()
                    .withComponent("breakwater")
                    .endSource()
                    .build()))) {
                return;
            }
            events.withName(name)
                    .edit(e -> new EventBuilder(e)
                            .withCount(e.getCount() == null ? 2 : e.getCount() + 1)
                            .withLastTimestamp(now)
                            .build());
        } catch (KubernetesClientException e) {
            LOG.debugf(e, "event %s was not recorded", reason);
        }
    }

    /** Creates an event, unless it exists. Most events are new. */
    private static boolean isCreated(Resource<Event> event) {
        try {
            event.create();
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
            return false;
        }
    }
}
