package io.uring.examples;

import io.uring.ring.Ring;
import io.uring.ring.RingConfig;
import io.uring.ring.TimeoutOps;
import io.uring.ring.Timespec;
import java.lang.foreign.Arena;

/** Ticks: {@code Timer COUNT MILLIS}. One operation, one completion for each tick. */
public final class Timer {
    private Timer() {}

    public static void main(String[] arguments) {
        int count = Integer.parseInt(arguments[0]);
        long nanos = Long.parseLong(arguments[1]) * 1_000_000;
        int[] ticks = new int[1];
        try (Ring ring = Ring.open(RingConfig.ofEntries(2, 8));
                Arena arena = Arena.ofConfined()) {
            ring.enable();
            Timespec interval = new Timespec(arena).nanos(nanos);
            TimeoutOps.timeoutMultishot(ring.sqe(), interval, count, 0).userData(1);
            while (ticks[0] < count) {
                ring.submitAndWait(1, Ring.FOREVER);
                ring.drain((userData, result, flags) -> System.out.println("tick " + ++ticks[0]));
            }
        }
    }
}
