package io.uring.net;

import java.io.IOException;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * The door to {@link SocketEvents}. It is closed where the JVM has no module jdk.jfr: the classes
 * behind it are then never loaded, and the JIT drops the calls. It opens with the JVM's first
 * recording.
 */
final class SocketRecording {
    private static final boolean AVAILABLE = isThere("jdk.jfr.Event");

    private SocketRecording() {}

    private static boolean isThere(String name) {
        try {
            Class.forName(name, false, SocketRecording.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }

    private static boolean isOn() {
        return AVAILABLE && FlightRecorder.isInitialized();
    }

    /** Returns what {@link #closed} needs, or null when nobody wants to know. */
    static @Nullable Object opened(StreamSocket socket) {
        return isOn() ? SocketEvents.opened(socket) : null;
    }

    static void closed(@Nullable Object begun, @Nullable IOException cause) {
        if (begun != null) {
            SocketEvents.closed(begun, cause);
        }
    }

    static void backOff(Object listener, int errno, long delayNanos) {
        if (isOn()) {
            SocketEvents.backOff(listener, errno, delayNanos);
        }
    }
}
