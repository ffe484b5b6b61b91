package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.uring.testkit.RecordingLeakDetector;
import org.junit.jupiter.api.Test;

/** That the build looks for leaks. */
class RecordingLeakDetectorTest {
    @Test
    void everyBufferIsWatchedAndLeaksAreRecorded() {
        assertEquals(ResourceLeakDetector.Level.PARANOID, ResourceLeakDetector.getLevel());
        assertInstanceOf(
                RecordingLeakDetector.class,
                ResourceLeakDetectorFactory.instance()
                        .newResourceLeakDetector(UringByteBuf.class, 1));
    }
}
