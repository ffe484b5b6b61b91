package io.uring.ring.internal;

/**
 * The kernel that this process talks to: Linux, unless a test has put another in its place. Rings
 * keep the one they were made with.
 */
public final class CurrentKernel {
    private static volatile Kernel current = LinuxKernel.instance();

    private CurrentKernel() {}

    public static Kernel get() {
        return current;
    }

    /** For tests; returns the one before. */
    public static Kernel replace(Kernel kernel) {
        Kernel before = current;
        current = kernel;
        return before;
    }
}
