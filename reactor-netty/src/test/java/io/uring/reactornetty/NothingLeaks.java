package io.uring.reactornetty;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.uring.testkit.Eventually;
import io.uring.testkit.OpenDescriptors;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test that left descriptors open, or buffers to the garbage collector. */
final class NothingLeaks implements BeforeEachCallback, AfterEachCallback {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(NothingLeaks.class);
    private static final List<String> LEAKS = new CopyOnWriteArrayList<>();

    // Before the first buffer, whose class asks for a detector once and for good.
    static {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new Detectors());
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        context.getStore(NAMESPACE).put("before", OpenDescriptors.now());
    }

    @Override
    public void afterEach(ExtensionContext context) {
        OpenDescriptors before = context.getStore(NAMESPACE).get("before", OpenDescriptors.class);
        Eventually.isTrue(
                Duration.ofSeconds(10),
                () -> "open:\n" + OpenDescriptors.now() + "\nbefore:\n" + before,
                () -> {
                    OpenDescriptors now = OpenDescriptors.now();
                    return now.rings() <= before.rings()
                            && now.sockets() <= before.sockets()
                            && now.eventfds() <= before.eventfds();
                });
        System.gc();
        PooledByteBufAllocator.DEFAULT.directBuffer().release(); // looks for what was collected
        assertEquals(List.of(), List.copyOf(LEAKS));
    }

    private static final class Detectors extends ResourceLeakDetectorFactory {
        @SuppressWarnings("InlineMeSuggester") // it overrides
        @Deprecated
        @Override
        public <T> ResourceLeakDetector<T> newResourceLeakDetector(
                Class<T> resource, int samplingInterval, long maxActive) {
            return newResourceLeakDetector(resource, samplingInterval);
        }

        @Override
        public <T> ResourceLeakDetector<T> newResourceLeakDetector(
                Class<T> resource, int samplingInterval) {
            ResourceLeakDetector<T> detector =
                    new ResourceLeakDetector<>(resource, samplingInterval);
            detector.setLeakListener((type, records) -> LEAKS.add(type + ": " + records));
            return detector;
        }
    }
}
