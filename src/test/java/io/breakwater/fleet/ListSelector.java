package io.breakwater.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The selectors of a list or a watch. */
final class ListSelector implements Predicate<JsonNode> {
    private static final Pattern TERM = Pattern.compile(
            "\\s*(!)?([^\\s=!,()]+)\\s*(?:(==|=|!=)\\s*([^,]*)|(in|notin)\\s*\\(([^)]*)\\))?\\s*(?:,|$)");

    private final String labels;
    private final String fields;

    ListSelector(String labels, String fields) {
        this.labels = labels == null ? "" : labels;
        this.fields = fields == null ? "" : fields;
    }

    /** Whether it selects every object. */
    boolean isEmpty() {
        return labels.isEmpty() && fields.isEmpty();
    }

    @Override
    public boolean test(JsonNode object) {
        return matches(labels, key -> object.at("/metadata/labels").path(key))
                && matches(fields, key -> object.at("/" + key.replace('.', '/')));
    }

    private interface Values {
        JsonNode of(String key);
    }

    private static boolean matches(String selector, Values values) {
        Matcher term = TERM.matcher(selector);
        boolean all = true;
        while (term.find() && !term.group().isEmpty()) {
            JsonNode value = values.of(term.group(2));
            all = all && matches(term, value instanceof MissingNode || value.isNull() ? null : value.asText());
        }
        return all;
    }

    private static boolean matches(Matcher term, String value) {
        if (term.group(3) != null) {
            String wanted = term.group(4).trim();
            return term.group(3).equals("!=") != wanted.equals(value == null ? "" : value);
        }
        if (term.group(5) != null) {
            List<String> wanted =
                    Stream.of(term.group(6).split(",")).map(String::trim).toList();
            return term.group(5).equals("in") == (value != null && wanted.contains(value));
        }
        return (term.group(1) == null) == (value != null);
    }
}
