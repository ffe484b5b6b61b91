package io.uring.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Skips a test, with the reason, on a kernel older than the one it needs.
 *
 * <pre>{@code
 * @Test
 * @RequiresKernel("6.12")
 * void incrementalBufferKeepsItsTail() { ... }
 * }</pre>
 *
 * <p>A version says nothing about what the distribution or a sandbox has turned off: for that ask
 * the kernel.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
@ExtendWith(RequiresKernelCondition.class)
public @interface RequiresKernel {
    /** The first kernel that has the feature: {@code major.minor}. */
    String value();
}
