package io.uring.jetty;

import io.uring.testkit.Eventually;
import io.uring.testkit.OpenDescriptors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test after which there are more descriptors or loop threads than before. */
final class NothingLeaks implements BeforeEachCallback, AfterEachCallback {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(NothingLeaks.class);

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        System.inheritedChannel(); // the JDK opens /dev/null for it, once and for good
        context.getStore(NAMESPACE).put("before", OpenDescriptors.now());
    }

    @Override
    public void afterEach(ExtensionContext context) {
        noLoops();
        if (context.getDisplayName().contains(Transport.NIO.name())) {
            return; // a selector that stops sometimes leaves a socket behind; it is not ours
        }
        OpenDescriptors before = context.getStore(NAMESPACE).get("before", OpenDescriptors.class);
        Eventually.isTrue(
                Duration.ofSeconds(10),
                () -> describe(before),
                () -> count(OpenDescriptors.now()) <= count(before));
    }

    /** Without those that the JDK makes for virtual threads that wait, and keeps. */
    private static int count(OpenDescriptors descriptors) {
        return descriptors.count() - descriptors.epolls();
    }

    private static String describe(OpenDescriptors before) {
        try {
            return "open:\n%s\nbefore:\n%s\nsockets:\n%s\n%s"
                    .formatted(
                            OpenDescriptors.now(),
                            before,
                            Files.readString(Path.of("/proc/self/net/tcp")),
                            Files.readString(Path.of("/proc/self/net/tcp6")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void noLoops() {
        Eventually.isTrue(
                Duration.ofSeconds(10),
                () -> "no loop is left, but " + loops(),
                () -> loops().isEmpty());
    }

    static List<String> loops() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("uring-loop-"))
                .toList();
    }
}
