package io.uring.examples;

import io.uring.ring.Descriptor;
import io.uring.ring.MessageOps;
import io.uring.ring.Ring;
import io.uring.ring.RingConfig;

/**
 * Two threads, each with a ring, that send each other messages by turns: {@code RingPingPong
 * ROUNDS}. A message is a completion in the other's queue, and ends its wait.
 */
public final class RingPingPong {
    private static final long SENT = 1;
    private static final long BALL = 2;

    private final Ring own = Ring.open(RingConfig.ofEntries(4, 16));
    private int received;

    private RingPingPong() {}

    public static void main(String[] arguments) throws InterruptedException {
        int rounds = Integer.parseInt(arguments[0]);
        RingPingPong left = new RingPingPong();
        RingPingPong right = new RingPingPong();
        left.own.enable(); // a message to a ring that is not enabled is refused
        Thread other = Thread.ofPlatform().start(() -> right.serve(left, rounds));
        for (int i = 1; i <= rounds; i++) {
            left.await(i);
            left.send(right);
        }
        other.join();
        left.own.close();
        right.own.close();
        System.out.println(rounds + " rounds, received " + left.received);
    }

    private void serve(RingPingPong other, int rounds) {
        own.enable();
        for (int i = 1; i <= rounds; i++) {
            send(other);
            await(i);
        }
    }

    private void send(RingPingPong other) {
        MessageOps.send(own.sqe(), Descriptor.of(other.own.fd()), BALL, 0).userData(SENT);
        own.submit();
    }

    private void await(int balls) {
        while (received < balls) {
            own.submitAndWait(1, Ring.FOREVER);
            own.drain((userData, result, flags) -> {
                if (userData == BALL) {
                    received++;
                }
            });
        }
    }
}
