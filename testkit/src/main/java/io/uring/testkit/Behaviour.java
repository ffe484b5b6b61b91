package io.uring.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names the behaviours of the reference list that a test proves, so that coverage of the list can
 * be counted.
 *
 * <pre>{@code
 * @Test
 * @Behaviour({"MSH-03", "MSH-04"})
 * void receiveRearmsWhenMoreFlagIsMissing() { ... }
 * }</pre>
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface Behaviour {
    /** The IDs in the reference list. */
    String[] value();
}
