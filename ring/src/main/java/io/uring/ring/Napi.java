package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.Arena;

/**
 * Busy polling of network cards while a ring waits: less latency for processor time. Kernel 6.9.
 *
 * <pre>{@code
 * Napi.Settings before = Napi.register(ring, new Napi.Settings(50, true, Napi.Tracking.DYNAMIC));
 * }</pre>
 */
public final class Napi {
    /** How the queues to poll are found. */
    public enum Tracking {
        /** From the sockets that are used. */
        DYNAMIC,
        /** As {@link Napi#addId} says. Kernel 6.13. */
        STATIC,
        /** Not at all. Kernel 6.13. */
        INACTIVE;

        int parameter() {
            return this == INACTIVE ? RegisterAbi.NAPI_TRACKING_INACTIVE : ordinal();
        }

        static Tracking of(int parameter) {
            return switch (parameter) {
                case 0 -> DYNAMIC;
                case RegisterAbi.NAPI_TRACKING_STATIC -> STATIC;
                default -> INACTIVE;
            };
        }
    }

    /**
     * @param busyPollMicros how long to poll before sleeping, in microseconds
     * @param prefer whether the card leaves interrupts off meanwhile
     */
    public record Settings(int busyPollMicros, boolean prefer, Tracking tracking) {
        public Settings {
            if (busyPollMicros < 0) {
                throw new IllegalArgumentException("busyPollMicros " + busyPollMicros);
            }
        }
    }

    private Napi() {}

    /**
     * Polls from now on.
     *
     * @return the settings before
     */
    public static Settings register(Ring ring, Settings settings) {
        ring.support().require(609, "NAPI busy polling");
        if (settings.tracking() != Tracking.DYNAMIC) {
            ring.support().require(613, "NAPI tracking other than dynamic");
        }
        try (Arena scratch = Arena.ofConfined()) {
            long napi = scratch.allocate(RegisterAbi.NAPI_BYTES, Long.BYTES).address();
            NativeMemory.putInt(napi + RegisterAbi.NAPI_BUSY_POLL_TO, settings.busyPollMicros());
            NativeMemory.putByte(
                    napi + RegisterAbi.NAPI_PREFER_BUSY_POLL, (byte) (settings.prefer() ? 1 : 0));
            NativeMemory.putInt(napi + RegisterAbi.NAPI_OP_PARAM, settings.tracking().parameter());
            ring.register("NAPI", RegisterAbi.REGISTER_NAPI, napi, 1);
            return settings(napi);
        }
    }

    /** Polls a queue, by its NAPI id; needs STATIC tracking. Kernel 6.13. */
    public static void addId(Ring ring, int napiId) {
        change(ring, RegisterAbi.NAPI_STATIC_ADD_ID, napiId);
    }

    /** Polls a queue no more. Kernel 6.13. */
    public static void deleteId(Ring ring, int napiId) {
        change(ring, RegisterAbi.NAPI_STATIC_DEL_ID, napiId);
    }

    private static void change(Ring ring, int opcode, int napiId) {
        ring.support().require(613, "static NAPI ids");
        try (Arena scratch = Arena.ofConfined()) {
            long napi = scratch.allocate(RegisterAbi.NAPI_BYTES, Long.BYTES).address();
            NativeMemory.putByte(napi + RegisterAbi.NAPI_OPCODE, (byte) opcode);
            NativeMemory.putInt(napi + RegisterAbi.NAPI_OP_PARAM, napiId);
            ring.register("NAPI id " + napiId, RegisterAbi.REGISTER_NAPI, napi, 1);
        }
    }

    /**
     * Polls no more.
     *
     * @return the settings before, without the tracking: it is DYNAMIC, whatever it was
     */
    public static Settings unregister(Ring ring) {
        ring.support().require(609, "NAPI busy polling");
        try (Arena scratch = Arena.ofConfined()) {
            long napi = scratch.allocate(RegisterAbi.NAPI_BYTES, Long.BYTES).address();
            ring.register("UNREGISTER_NAPI", RegisterAbi.UNREGISTER_NAPI, napi, 1);
            return settings(napi);
        }
    }

    private static Settings settings(long napi) {
        return new Settings(
                NativeMemory.getInt(napi + RegisterAbi.NAPI_BUSY_POLL_TO),
                NativeMemory.getByte(napi + RegisterAbi.NAPI_PREFER_BUSY_POLL) != 0,
                Tracking.of(NativeMemory.getInt(napi + RegisterAbi.NAPI_OP_PARAM)));
    }
}
