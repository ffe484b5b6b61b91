package io.uring.testkit;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test that leaves one of Netty's buffers to the garbage collector; see {@link
 * RecordingLeakDetector}.
 *
 * <pre>{@code
 * @ExtendWith(NoBufferLeaks.class)
 * class CallsTest { ... }
 * }</pre>
 */
public final class NoBufferLeaks implements BeforeEachCallback, AfterEachCallback {
    /** For JUnit. */
    public NoBufferLeaks() {}

    @Override
    public void beforeEach(ExtensionContext context) {
        RecordingLeakDetector.begin();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        RecordingLeakDetector.assertNone();
    }
}
