package io.uring.reactor;

import jdk.jfr.FlightRecorder;

/**
 * The door to {@link LoopEvents}. It is closed where the JVM has no module jdk.jfr: the classes
 * behind it are then never loaded, and the JIT drops the calls. It opens with the JVM's first
 * recording: until then they are not loaded either, which would take longer than starting a loop.
 */
final class FlightRecording {
    static final boolean AVAILABLE = isThere("jdk.jfr.Event");

    private FlightRecording() {}

    /** Whether there is or was a recording. */
    static boolean isOn() {
        return AVAILABLE && FlightRecorder.isInitialized();
    }

    private static boolean isThere(String name) {
        try {
            Class.forName(name, false, FlightRecording.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }
}
