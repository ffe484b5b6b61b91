package io.uring.testkit;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Makes leaks of Netty's buffers fail tests. Used by all buffers when the system property {@code
 * io.netty.customResourceLeakDetector} names it, as it does in the build of those who use Netty.
 *
 * <pre>{@code
 * @BeforeAll
 * static void begin() {
 *     RecordingLeakDetector.begin();
 * }
 * }</pre>
 */
public final class RecordingLeakDetector<T> extends ResourceLeakDetector<T> {
    private static final Queue<String> LEAKS = new ConcurrentLinkedQueue<>();

    /** For Netty, which finds it by its parameters. */
    public RecordingLeakDetector(Class<?> resourceType, int samplingInterval) {
        super(resourceType, samplingInterval);
    }

    /** The same; an older form that Netty looks for first. */
    public RecordingLeakDetector(Class<?> resourceType, int samplingInterval, long maxActive) {
        this(resourceType, samplingInterval);
    }

    @Override
    protected void reportTracedLeak(String resourceType, String records) {
        super.reportTracedLeak(resourceType, records);
        LEAKS.add(resourceType + records);
    }

    @Override
    protected void reportUntracedLeak(String resourceType) {
        super.reportUntracedLeak(resourceType);
        LEAKS.add(resourceType);
    }

    /** From now on; what others have dropped before does not count. */
    public static void begin() {
        collect();
        LEAKS.clear();
    }

    /** Of what was dropped since, nothing had to be released. */
    public static void assertNone() {
        collect();
        if (!LEAKS.isEmpty()) {
            throw new AssertionError("never released: " + List.copyOf(LEAKS));
        }
    }

    private static void collect() {
        for (int i = 0; i < 3; i++) {
            System.gc();
            PooledByteBufAllocator.DEFAULT.directBuffer().release(); // leaks are told by the next
        }
    }
}
