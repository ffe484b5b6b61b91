package io.uring.testkit;

import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test that leaves a descriptor open.
 *
 * <pre>{@code
 * @ExtendWith(NothingLeft.class)
 * class StreamTest { ... }
 * }</pre>
 */
public final class NothingLeft implements BeforeEachCallback, AfterEachCallback {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(NothingLeft.class);

    /** For JUnit. */
    public NothingLeft() {}

    @Override
    public void beforeEach(ExtensionContext context) {
        context.getStore(NAMESPACE).put("before", OpenDescriptors.now());
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Objects.requireNonNull(context.getStore(NAMESPACE).get("before", OpenDescriptors.class))
                .awaitReturn(LIMIT);
    }
}
