package io.breakwater.fleet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A control group that limits the memory of a process, as a container does. Creating one needs root. */
final class MemoryGroup implements AutoCloseable {
    private static final Path ROOT = Path.of("/sys/fs/cgroup");

    private final Path directory;
    private final String peak;

    private MemoryGroup(Path directory, String peak) {
        this.directory = directory;
        this.peak = peak;
    }

    /**
     * Creates a group of either version of control groups.
     *
     * @param limit in bytes
     * @return empty where this process may not create one
     */
    static Optional<MemoryGroup> create(String name, long limit) {
        boolean first = Files.isDirectory(ROOT.resolve("memory"));
        Path directory = (first ? ROOT.resolve("memory") : ROOT).resolve(name);
        try {
            Files.createDirectories(directory);
            Files.writeString(directory.resolve(first ? "memory.limit_in_bytes" : "memory.max"), "" + limit);
            return Optional.of(new MemoryGroup(directory, first ? "memory.max_usage_in_bytes" : "memory.peak"));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** A command that runs another command in the group. */
    List<String> command(List<String> other) {
        List<String> command = new ArrayList<>(List.of(
                "sh",
                "-c",
                "echo $$ > \"$0\" && exec \"$@\"",
                directory.resolve("cgroup.procs").toString()));
        command.addAll(other);
        return command;
    }

    /** The most memory that it used, in bytes. */
    long peak() throws IOException {
        return Long.parseLong(Files.readString(directory.resolve(peak)).strip());
    }

    /** Removes the group. Its processes must have ended; the kernel needs a moment to know. */
    @Override
    public void close() throws IOException {
        IOException last = null;
        for (int i = 0; i < 50; i++) {
            try {
                Files.deleteIfExists(directory);
                return;
            } catch (IOException e) {
                last = e;
                ControlPlane.pause();
            }
        }
        throw last;
    }
}
