package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.BufferConfig;
import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReactorConfig;
import io.uring.reactor.TurnedLoop;
import io.uring.ring.Ring;
import io.uring.simulation.SimulatedKernel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * Some datagram sockets that send to each other, and handlers that do anything at any time.
 * Datagrams come whole and at most once; everybody is told of each send and of the end once;
 * nothing is left, and the loop comes to rest.
 */
final class DatagramScenario {
    private static final int TURNS_MAX = 100_000;
    private static final int SOCKETS_MAX = 4;

    final SplittableRandom random;
    final List<String> failures = new ArrayList<>();
    final List<SimulatedDatagramHandler> handlers = new ArrayList<>();
    private final SimulatedKernel kernel;
    private final Reactor reactor;
    private final EventLoopGroup loops;
    private boolean still;
    private boolean closing;

    DatagramScenario(SimulatedKernel kernel) {
        this.kernel = kernel;
        this.random = kernel.random();
        int count = 1 << random.nextInt(0, 5);
        BufferConfig buffers =
                BufferConfig.of(count, count << random.nextInt(0, 3), 64 << random.nextInt(0, 6))
                        .withShrinkNanos(random.nextLong(1, 10_000_000));
        ReactorConfig config =
                ReactorConfig.defaults()
                        .withConnections(1)
                        .withStreamBuffers(BufferConfig.fixed(1, 64))
                        .withDatagramBuffers(buffers)
                        .withDrainNanos(TimeUnit.HOURS.toNanos(1));
        reactor = new Reactor(config);
        reactor.start();
        reactor.datagrams(); // for the counts at the end, also when nothing is ever received
        loops = TurnedLoop.of(List.of(reactor));
        kernel.whenStill(this::atRest);
    }

    private DatagramConfig config() {
        long high = 1L << random.nextInt(8, 14);
        DatagramConfig config =
                DatagramConfig.bind(Loops.loopback())
                        .withWaterMarks(random.nextLong(0, high), high, high * 4)
                        .withReadAheadDatagrams(1 << random.nextInt(0, 6))
                        .withCloseNanos(TimeUnit.SECONDS.toNanos(30));
        boolean connected = !handlers.isEmpty() && random.nextInt(4) == 0;
        return connected ? config.withRemote(any()) : config;
    }

    /** Where somebody is or was. */
    InetSocketAddress any() {
        return handlers.get(random.nextInt(handlers.size())).address();
    }

    void run() {
        for (int i = random.nextInt(1, SOCKETS_MAX + 1); i > 0; i--) {
            SimulatedDatagramHandler handler = new SimulatedDatagramHandler(this, handlers.size());
            try {
                handler.opened(DatagramSocket.open(loops.next(), config(), handler));
                handlers.add(handler);
            } catch (IOException e) {
                // out of descriptors
            }
        }
        if (random.nextInt(4) == 0) {
            turns(random.nextInt(1, 100)); // and in the middle of it all the end
        } else {
            untilRest(() -> handlers.stream().allMatch(SimulatedDatagramHandler::isDone));
            List<?> left = handlers.stream().filter(handler -> !handler.isDone()).toList();
            assertEquals(List.of(), left, "left for ever");
            checkRest();
        }
        closing = true;
        handlers.forEach(SimulatedDatagramHandler::relax);
        reactor.close();
        handlers.forEach(SimulatedDatagramHandler::checkEnd);
        assertEquals(List.of(), failures);
        assertEquals(0, reactor.pendingOperations(), "operations left");
        assertEquals(0, reactor.resourceCount(), "resources left");
        Loops.assertNoDatagrams(reactor);
    }

    /** From now on received memory is to be given back: it goes with the loop. */
    boolean isClosing() {
        return closing;
    }

    private void turns(int count) {
        for (int i = 0; i < count; i++) {
            reactor.poll(random.nextInt(8) == 0 ? 0 : Ring.FOREVER);
        }
    }

    private void untilRest(java.util.function.BooleanSupplier done) {
        still = false;
        for (int i = 0; i < TURNS_MAX && !(done.getAsBoolean() || still); i++) {
            turns(1);
            assertEquals(List.of(), failures);
        }
    }

    /** Nothing will happen any more, unless somebody lets go of something. */
    private boolean atRest() {
        boolean relaxed = false;
        for (SimulatedDatagramHandler handler : handlers) {
            relaxed |= handler.relax();
        }
        still = !relaxed;
        reactor.wakeup();
        return true;
    }

    /** The loop sleeps for good, and the kernel has all buffers. */
    private void checkRest() {
        handlers.forEach(SimulatedDatagramHandler::relax);
        still = false;
        for (int i = 0; i < TURNS_MAX && !still; i++) {
            reactor.poll(Ring.FOREVER);
        }
        assertTrue(still, "the loop does not come to rest");
        assertTrue(reactor.pendingOperations() <= 1, "operations left"); // the wake-up's read
        if (reactor.datagrams().group().isShared()) {
            assertEquals(
                    reactor.datagrams().group().sharedBuffers(),
                    kernel.availableBuffers(
                            reactor.ring().fd(), reactor.datagrams().group().group()),
                    "buffers of the group");
        }
    }
}
