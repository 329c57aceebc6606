package io.breakwater.observe;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.config.BreakwaterConfig;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import org.jboss.logging.Logger;

/**
 * Writes the audit log: who asked for which act, with what result. Each entry is one line of JSON in the log category {@value
 * #CATEGORY}. Many values come from users, so all characters other than printable ASCII are escaped, and long values are cut:
 * no value can end the line or imitate another one, and a line has at most {@value #LONGEST_LINE} bytes.
 */
@ApplicationScoped
public class AuditLog {
    /** The log category of all lines. */
    static final String CATEGORY = "io.breakwater.audit";

    /** Container runtimes split lines of more than 16 KiB. */
    static final int LONGEST_LINE = 8 << 10;

    private static final int LONGEST_NAME = 256;
    private static final int LONGEST_PLACE = 512;
    private static final int LONGEST_MESSAGE = 1024;
    private static final int LONGEST_GROUP = 128;
    private static final int MOST_GROUPS = 16;
    private static final int FIRST_PRINTABLE = 0x20;
    private static final int LAST_PRINTABLE = 0x7e;

    /** The only control character that JSON does not escape. */
    private static final int DELETE = 0x7f;

    private static final int ESCAPE = "\\u0000".length();

    private static final Logger LOG = Logger.getLogger(CATEGORY);

    private final ObjectMapper json = new ObjectMapper(
            JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build());
    private final BreakwaterConfig config;
    private final Meters meters;
    private final Clock clock;

    public AuditLog(BreakwaterConfig config, Meters meters, Clock clock) {
        this.config = config;
        this.meters = meters;
        this.clock = clock;
    }

    /** Writes an entry. */
    public void write(AuditEntry entry) {
        LOG.info(line(entry));
        meters.count(
                MeterName.AUDIT_EVENTS,
                "action",
                entry.action().name(),
                "result",
                entry.result().name());
    }

    private String line(AuditEntry entry) {
        ObjectNode line = json.createObjectNode();
        line.put("time", clock.instant().truncatedTo(ChronoUnit.MILLIS).toString());
        line.put("site", cut(config.site(), LONGEST_NAME));
        line.put("action", entry.action().name());
        put(line.putObject("object"), entry.object());
        if (entry.user().isKnown()) {
            put(line.putObject("user"), entry.user());
        }
        put(line, "source", entry.source(), LONGEST_PLACE);
        put(line, "target", entry.target(), LONGEST_PLACE);
        line.put("result", entry.result().name());
        put(line, "reason", entry.reason(), LONGEST_NAME);
        put(line, "message", entry.message(), LONGEST_MESSAGE);
        try {
            return json.writeValueAsString(line);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void put(ObjectNode json, AuditObject object) {
        put(json, "kind", object.kind(), LONGEST_NAME);
        put(json, "namespace", object.namespace(), LONGEST_NAME);
        put(json, "name", object.name(), LONGEST_NAME);
        put(json, "uid", object.uid(), LONGEST_NAME);
    }

    private static void put(ObjectNode json, AuditUser user) {
        put(json, "username", user.username(), LONGEST_PLACE);
        put(json, "uid", user.uid(), LONGEST_NAME);
        ArrayNode groups = json.putArray("groups");
        user.groups().stream().limit(MOST_GROUPS).forEach(group -> groups.add(cut(group, LONGEST_GROUP)));
        if (user.groups().size() > MOST_GROUPS) {
            json.put("moreGroups", user.groups().size() - MOST_GROUPS);
        }
    }

    private static void put(ObjectNode json, String field, String value, int most) {
        if (value != null && !value.isEmpty()) {
            json.put(field, cut(value, most));
        }
    }

    /** The start of a text that has at most this many bytes once it is escaped; an ellipsis marks the missing rest. */
    private static String cut(String text, int most) {
        int left = most - ESCAPE;
        int i = 0;
        while (i < text.length() && left >= 0) {
            int point = text.codePointAt(i);
            left -= cost(point);
            i += left < 0 ? 0 : Character.charCount(point);
        }
        String shown = i == text.length() ? text : text.substring(0, i) + "…";
        return shown.codePoints()
                .map(point -> point == DELETE || Character.getType(point) == Character.SURROGATE ? '?' : point)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static int cost(int point) {
        if (point == '"' || point == '\\') {
            return 2;
        }
        return point >= FIRST_PRINTABLE && point <= LAST_PRINTABLE ? 1 : ESCAPE * Character.charCount(point);
    }
}
