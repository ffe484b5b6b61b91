package io.uring.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExtendWith;

final class RequiresKernelTest {
    @Test
    void sameAndNewerKernelsRunTheTest() {
        assertFalse(RequiresKernelCondition.evaluate("6.12", "Linux", "6.12.0").isDisabled());
        assertFalse(
                RequiresKernelCondition.evaluate("6.12", "Linux", "6.18.44-custom-7").isDisabled());
        assertFalse(RequiresKernelCondition.evaluate("6.12", "Linux", "7.0-rc1").isDisabled());
    }

    @Test
    void olderKernelSkipsWithReason() {
        ConditionEvaluationResult result =
                RequiresKernelCondition.evaluate("6.12", "Linux", "6.9.7-generic");
        assertTrue(result.isDisabled());
        assertEquals("needs Linux 6.12, this is 6.9.7-generic", result.getReason().orElseThrow());
    }

    @Test
    void otherSystemsSkip() {
        assertTrue(RequiresKernelCondition.evaluate("5.1", "Mac OS X", "25.1").isDisabled());
    }

    @Test
    void nonsenseIsAnError() {
        assertThrows(IllegalArgumentException.class, () -> KernelVersion.parse("six"));
        assertThrows(IllegalArgumentException.class, () -> KernelVersion.parse("6"));
    }

    @Test
    @RequiresKernel("1.0")
    void annotationLetsThisKernelThrough() {}

    @Test
    void annotationBringsItsCondition() {
        ExtendWith extension = RequiresKernel.class.getAnnotation(ExtendWith.class);
        assertEquals(RequiresKernelCondition.class, extension.value()[0]);
    }
}
