package io.uring.reactor;

import io.uring.testkit.OpenDescriptors;
import java.time.Duration;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test that leaves a descriptor open. */
final class NothingLeft implements BeforeEachCallback, AfterEachCallback {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private OpenDescriptors before;

    @Override
    public void beforeEach(ExtensionContext context) {
        before = OpenDescriptors.now();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        before.awaitReturn(LIMIT);
    }
}
