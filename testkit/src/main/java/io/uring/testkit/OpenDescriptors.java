package io.uring.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The file descriptors that this process has open, from {@code /proc/self/fd}, to prove that
 * nothing leaks.
 *
 * <pre>{@code
 * OpenDescriptors before = OpenDescriptors.now();
 * try (Ring ring = Ring.open(config)) { ... }
 * before.awaitReturn(Duration.ofSeconds(5));
 * }</pre>
 *
 * <p>What the JVM opens lazily for itself and keeps (jars, its own files, the random device) is
 * left out.
 */
public final class OpenDescriptors {
    private static final Path SELF = Path.of("/proc/self/fd");

    static {
        // The JDK's first socket channel opens a second socket, which it keeps: have that behind
        // us.
        try {
            SocketChannel.open().close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open a socket", e);
        }
    }

    private final Map<Integer, String> targets;

    private OpenDescriptors(Map<Integer, String> targets) {
        this.targets = targets;
    }

    /** A snapshot. Sockets whose teardown the kernel has deferred may still be in it. */
    public static OpenDescriptors now() {
        Map<Integer, String> targets = new TreeMap<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(SELF)) {
            for (Path entry : entries) {
                String target = target(entry);
                if (!target.isEmpty() && !belongsToTheJvm(target)) {
                    targets.put(Integer.valueOf(entry.getFileName().toString()), target);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + SELF, e);
        }
        return new OpenDescriptors(Collections.unmodifiableMap(targets));
    }

    /** Number of descriptors. */
    public int count() {
        return targets.size();
    }

    /** Number of sockets of every family. */
    public int sockets() {
        return countStartingWith("socket:[");
    }

    /** Number of io_uring instances. */
    public int rings() {
        return countStartingWith("anon_inode:[io_uring]");
    }

    /** Number of eventfds. */
    public int eventfds() {
        return countStartingWith("anon_inode:[eventfd]");
    }

    /** Number of epoll instances. */
    public int epolls() {
        return countStartingWith("anon_inode:[eventpoll]");
    }

    /**
     * Waits until no more descriptors are open than in this snapshot; fails with the list of those
     * that are new.
     */
    public void awaitReturn(Duration limit) {
        Eventually.isTrue(limit, () -> describeGrowth(now()), () -> now().count() <= count());
    }

    private String describeGrowth(OpenDescriptors later) {
        String added =
                later.targets.entrySet().stream()
                        .filter(open -> !open.getValue().equals(targets.get(open.getKey())))
                        .map(open -> open.getKey() + " -> " + open.getValue())
                        .collect(Collectors.joining(", "));
        return later.count() + " descriptors open, " + count() + " before; new: " + added;
    }

    private int countStartingWith(String prefix) {
        return (int) targets.values().stream().filter(target -> target.startsWith(prefix)).count();
    }

    private static String target(Path entry) throws IOException {
        try {
            return Files.readSymbolicLink(entry).toString();
        } catch (NoSuchFileException closedMeanwhile) {
            return "";
        }
    }

    private static boolean belongsToTheJvm(String target) {
        return target.endsWith(".jar")
                || target.startsWith(System.getProperty("java.home"))
                || target.equals("/dev/random")
                || target.equals("/dev/urandom")
                || target.startsWith("/sys/fs/cgroup/")
                // The descriptor of the listing itself.
                || target.equals("/proc/" + ProcessHandle.current().pid() + "/fd");
    }

    /** One descriptor a line: number and target. */
    @Override
    public String toString() {
        return targets.entrySet().stream()
                .map(open -> open.getKey() + " -> " + open.getValue())
                .collect(Collectors.joining("\n"));
    }
}
