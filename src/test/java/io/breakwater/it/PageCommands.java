package io.breakwater.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The commands of a page of the documents: its code blocks with the language {@code sh}, in their order. Readers run all of them in
 * one shell. Here each block is a script of its own, which begins with the variables of the earlier blocks. Other code blocks show
 * alternatives, and are not commands of the page.
 */
final class PageCommands {
    private static final String FENCE = "```";
    private static final Pattern VARIABLE = Pattern.compile("([a-z]+)=(\"[^\"]*\"|\\S*)(\\s+#.*)?");
    private static final Pattern USE = Pattern.compile("\"?\\$\\{?([a-z]+)}?\"?");
    private static final Pattern VALUE = Pattern.compile("--set ([A-Za-z.]+=\\S+)");

    /**
     * One block.
     *
     * @param section heading of the section
     * @param text commands, with the values of this test
     * @param variables assignments of the earlier blocks
     */
    record Block(String section, String text, Map<String, String> variables) {
        /** A script for a POSIX shell. */
        String script() {
            return assignments() + text;
        }

        private String assignments() {
            return variables.entrySet().stream()
                    .map(v -> v.getKey() + "='" + v.getValue() + "'\n")
                    .collect(Collectors.joining());
        }

        /** The values that {@code helm install} sets; empty if the block does not install a chart. */
        Optional<List<String>> installation() {
            if (!text.startsWith("helm install ")) {
                return Optional.empty();
            }
            return Optional.of(VALUE.matcher(text)
                    .results()
                    .map(value -> USE.matcher(value.group(1))
                            .replaceAll(use -> Matcher.quoteReplacement(variables.get(use.group(1)))))
                    .toList());
        }
    }

    private final List<Block> blocks = new ArrayList<>();

    private PageCommands() {}

    /**
     * Reads a page.
     *
     * @param values for variables that a line of the page assigns, instead of the values of the example
     * @throws IllegalArgumentException if the page assigns one of them not exactly once
     */
    static PageCommands read(Path page, Map<String, String> values) {
        var commands = new PageCommands();
        Map<String, String> variables = new LinkedHashMap<>();
        String section = "";
        List<String> block = null;
        List<String> replaced = new ArrayList<>();
        for (String line : lines(page)) {
            if (block != null && line.equals(FENCE)) {
                commands.blocks.add(
                        new Block(section, String.join("\n", block) + "\n", new LinkedHashMap<>(variables)));
                block.forEach(l -> assign(variables, l));
                block = null;
            } else if (block != null) {
                block.add(replace(line, values, replaced));
            } else if (line.equals(FENCE + "sh")) {
                block = new ArrayList<>();
            } else if (line.startsWith("## ")) {
                section = line.substring(3);
            }
        }
        if (!replaced.stream()
                .sorted()
                .toList()
                .equals(values.keySet().stream().sorted().toList())) {
            throw new IllegalArgumentException(
                    page + " assigns the variables " + replaced + ", and the test has values for " + values.keySet());
        }
        return commands;
    }

    private static List<String> lines(Path page) {
        try {
            return Files.readAllLines(page);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String replace(String line, Map<String, String> values, List<String> replaced) {
        Matcher variable = VARIABLE.matcher(line);
        if (!variable.matches() || !values.containsKey(variable.group(1))) {
            return line;
        }
        replaced.add(variable.group(1));
        return variable.group(1) + "=\"" + values.get(variable.group(1)) + "\"";
    }

    private static void assign(Map<String, String> variables, String line) {
        Matcher variable = VARIABLE.matcher(line);
        if (variable.matches()) {
            variables.put(variable.group(1), variable.group(2).replace("\"", ""));
        }
    }

    List<Block> blocks() {
        return List.copyOf(blocks);
    }
}
