package io.uring.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class EventuallyTest {
    @Test
    void returnsWhenTheConditionBecomesTrue() {
        AtomicInteger asked = new AtomicInteger();
        Eventually.isTrue(
                Duration.ofSeconds(10), "asked three times", () -> asked.incrementAndGet() == 3);
        assertEquals(3, asked.get());
    }

    @Test
    void failsWithTheExpectation() {
        AssertionError error =
                assertThrows(
                        AssertionError.class,
                        () -> Eventually.isTrue(Duration.ofMillis(10), "pigs fly", () -> false));
        assertEquals("not within 10 ms: pigs fly", error.getMessage());
    }

    @Test
    void interruptFailsAndStaysVisible() {
        Thread.currentThread().interrupt();
        assertThrows(
                AssertionError.class,
                () -> Eventually.isTrue(Duration.ofSeconds(10), "never", () -> false));
        assertTrue(Thread.interrupted());
    }
}
