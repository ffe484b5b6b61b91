package io.uring.net;

import io.uring.simulation.SimulatedKernel;
import io.uring.simulation.SimulatedPeer;
import java.util.SplittableRandom;

/** A program on another machine, at the other end of a connection. */
final class SimulatedOutsider {
    /** How it ends. */
    private enum Manner {
        HALF_CLOSE,
        WAIT_FOR_END,
        CLOSE,
        ABORT
    }

    private final SimulatedKernel kernel;
    private final SplittableRandom random;
    private final SimulatedPeer peer;
    private final Flow flow;
    private final Flow.Registry.Reader reader;
    private final Manner manner;
    private boolean done;

    SimulatedOutsider(SimulatedKernel kernel, SimulatedPeer peer, Flow.Registry flows) {
        this.kernel = kernel;
        this.random = kernel.random();
        this.peer = peer;
        this.flow = flows.newFlow(random.nextInt(1 << random.nextInt(1, 15)));
        this.reader = flows.newReader("outsider");
        this.manner = Manner.values()[random.nextInt(Manner.values().length)];
        act();
    }

    boolean isDone() {
        return done;
    }

    private void act() {
        for (byte value : peer.read(random.nextInt(1, 8_000))) {
            reader.read(value);
        }
        if (peer.isReset()) {
            end(false);
            return;
        }
        if (peer.hasEnded()) {
            reader.ended();
            end(random.nextInt(4) == 0);
            return;
        }
        if (flow.left() > 0) {
            flow.written += peer.write(flow.next(random.nextInt(1, flow.left() + 1)));
        }
        if (manner == Manner.ABORT && random.nextInt(8) == 0) {
            end(true);
            return;
        }
        if (flow.left() == 0) {
            switch (manner) {
                case HALF_CLOSE -> {
                    flow.finished = true;
                    peer.shutdownOutput();
                }
                case CLOSE -> {
                    end(false);
                    return;
                }
                default -> {}
            }
        }
        kernel.in(random.nextLong(1, 1_000_000), this::act);
    }

    @Override
    public String toString() {
        return manner + " " + flow;
    }

    private void end(boolean abort) {
        done = true;
        if (abort) {
            peer.abort();
        } else {
            flow.finished |= flow.left() == 0;
            flow.finished = true; // what was written is all there is
            peer.close();
        }
    }
}
