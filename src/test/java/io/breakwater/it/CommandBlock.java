package io.breakwater.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A code block of a document. A block with the language {@code sh} is run by a test. Another one with commands has a comment
 * {@code <!-- not run: reason -->} in the line before it.
 *
 * @param section heading of the second level
 * @param line of the fence, from 1
 * @param exemption reason of the comment; null if there is none
 */
record CommandBlock(Path page, String section, int line, String language, String exemption, String text) {
    private static final Pattern FENCE = Pattern.compile("( *)```([a-z]*)");
    private static final Pattern EXEMPTION = Pattern.compile(" *<!-- not run: (.+) -->");
    private static final Pattern COMMAND = Pattern.compile(
            "(?m)^\\s*(kubectl|helm|docker|mvn|openssl|az|curl|kind|git|tar|sh|\\./dev/\\S+|(for|until|while) .*)(\\s.*)?$");

    /** All pages of the repository. */
    static List<Path> pages() {
        try (Stream<Path> docs = Files.walk(Path.of("docs"));
                Stream<Path> others = Stream.of(
                                "README.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/helm/breakwater/README.md")
                        .map(Path::of)) {
            return Stream.concat(docs, others)
                    .filter(page -> page.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<CommandBlock> of(Path page) {
        List<CommandBlock> blocks = new ArrayList<>();
        List<String> lines = lines(page);
        String before = "";
        String section = "";
        for (int at = 0; at < lines.size(); at++) {
            Matcher fence = FENCE.matcher(lines.get(at));
            if (fence.matches()) {
                int end = end(lines, at, fence.group(1));
                Matcher exemption = EXEMPTION.matcher(before);
                blocks.add(new CommandBlock(
                        page,
                        section,
                        at + 1,
                        fence.group(2),
                        exemption.matches() ? exemption.group(1) : null,
                        String.join("\n", lines.subList(at + 1, end)) + "\n"));
                at = end;
            } else if (lines.get(at).startsWith("## ")) {
                section = lines.get(at).substring(3);
            }
            before = lines.get(at);
        }
        return blocks;
    }

    private static int end(List<String> lines, int start, String indent) {
        int end = start + 1;
        while (end < lines.size() && !lines.get(end).equals(indent + "```")) {
            end++;
        }
        if (end == lines.size()) {
            throw new IllegalArgumentException("the block of line " + (start + 1) + " does not end");
        }
        return end;
    }

    static List<String> lines(Path page) {
        try {
            return Files.readAllLines(page);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean isRun() {
        return language.equals("sh");
    }

    boolean hasCommands() {
        return (language.isEmpty() || isRun()) && COMMAND.matcher(text).find();
    }

    String place() {
        return page + ":" + line;
    }
}
