package io.breakwater.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The values of a chart with the comments above them. A comment that starts with two dashes describes a value, any other comment
 * above a key of the top level introduces its section.
 */
final class ChartValues {
    private static final Pattern KEY = Pattern.compile("( *)([A-Za-z]\\w*):.*");
    private static final Pattern COMMENT = Pattern.compile(" *# ?(.*)");
    private static final String DESCRIPTION = "-- ";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final JsonNode tree;
    private final Map<String, String> comments;

    private ChartValues(JsonNode tree, Map<String, String> comments) {
        this.tree = tree;
        this.comments = comments;
    }

    static ChartValues parse(String yaml) throws IOException {
        return new ChartValues(CrdFiles.YAML.readTree(yaml), comments(yaml));
    }

    /** Paths of the values that no comment describes. */
    List<String> undescribed() {
        List<String> paths = new ArrayList<>();
        visit("", tree, (path, value) -> {
            if (description(path).isEmpty()) {
                paths.add(path);
            }
        });
        return paths;
    }

    /** A section for each key of the top level, with a table of its values. */
    String tables() {
        StringBuilder page = new StringBuilder();
        tree.properties().forEach(section -> {
            String name = section.getKey();
            page.append("\n### ").append(name).append("\n\n");
            if (comments.containsKey(name) && description(name).isEmpty()) {
                page.append(comments.get(name)).append("\n\n");
            }
            page.append("| value | type | default | description |\n|---|---|---|---|\n");
            visit(name, section.getValue(), (path, value) -> page.append(row(path, value)));
        });
        return page.append('\n').toString();
    }

    private interface Visitor {
        void visit(String path, JsonNode value);
    }

    /** A value with a description is one value, whatever is in it. */
    private void visit(String path, JsonNode value, Visitor visitor) {
        if (!value.isObject() || value.isEmpty() || !description(path).isEmpty()) {
            visitor.visit(path, value);
            return;
        }
        value.properties()
                .forEach(p -> visit(path.isEmpty() ? p.getKey() : path + "." + p.getKey(), p.getValue(), visitor));
    }

    private String description(String path) {
        String comment = comments.getOrDefault(path, "");
        return comment.startsWith(DESCRIPTION) ? comment.substring(DESCRIPTION.length()) : "";
    }

    private String row(String path, JsonNode value) {
        return "| `%s` | %s | `%s` | %s |\n"
                .formatted(path, type(value), json(value), GeneratedText.cell(description(path)));
    }

    private static String type(JsonNode value) {
        return switch (value.getNodeType()) {
            case ARRAY -> "list";
            case NUMBER -> "integer";
            case OBJECT -> "object";
            case STRING -> "string";
            case BOOLEAN -> "boolean";
            default -> throw new IllegalArgumentException("a value has the type " + value.getNodeType());
        };
    }

    private static String json(JsonNode value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, String> comments(String yaml) {
        Map<String, String> comments = new HashMap<>();
        Deque<String> parents = new ArrayDeque<>();
        StringBuilder comment = new StringBuilder();
        for (String line : yaml.lines().toList()) {
            Matcher text = COMMENT.matcher(line);
            Matcher key = KEY.matcher(line);
            if (text.matches()) {
                comment.append(comment.isEmpty() ? "" : " ").append(text.group(1));
                continue;
            }
            if (key.matches()) {
                int depth = key.group(1).length() / 2;
                while (parents.size() > depth) {
                    parents.removeLast();
                }
                parents.addLast(key.group(2));
                if (!comment.isEmpty()) {
                    comments.put(String.join(".", parents), comment.toString());
                }
            }
            comment.setLength(0);
        }
        return comments;
    }
}
