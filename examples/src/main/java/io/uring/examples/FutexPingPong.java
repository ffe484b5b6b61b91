package io.uring.examples;

import io.uring.ring.FutexOps;
import io.uring.ring.Ring;
import io.uring.ring.RingConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Two threads that wake each other by turns through a futex: {@code FutexPingPong ROUNDS}. The word
 * says whose turn it is.
 */
public final class FutexPingPong {
    private static final VarHandle TURN = ValueLayout.JAVA_INT.varHandle();

    private FutexPingPong() {}

    public static void main(String[] arguments) throws InterruptedException {
        int rounds = Integer.parseInt(arguments[0]);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment word = arena.allocate(ValueLayout.JAVA_INT);
            Thread other = Thread.ofPlatform().start(() -> play(word, 1, rounds));
            play(word, 0, rounds);
            other.join();
            System.out.println(rounds + " rounds, turn " + (int) TURN.get(word, 0L));
        }
    }

    private static void play(MemorySegment word, int self, int rounds) {
        try (Ring ring = Ring.open(RingConfig.ofEntries(4, 8))) {
            ring.enable();
            for (int i = 0; i < rounds; i++) {
                while ((int) TURN.getAcquire(word, 0L) != self) {
                    // EAGAIN when it has become our turn in between
                    FutexOps.await(ring.sqe(), word, 0, 1 - self, false).userData(1);
                    ring.submitAndWait(1, Ring.FOREVER);
                    ring.drain((userData, result, flags) -> {});
                }
                TURN.setRelease(word, 0L, 1 - self);
                FutexOps.wake(ring.sqe(), word, 0, 1, false).userData(2);
                ring.submitAndWait(1, Ring.FOREVER);
                ring.drain((userData, result, flags) -> {});
            }
        }
    }
}
