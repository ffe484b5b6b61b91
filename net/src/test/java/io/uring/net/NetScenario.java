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
import io.uring.simulation.SimulatedPeer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * A listener, on TCP or a unix path, connections to it from outside and from the same loop, and
 * handlers that do anything at any time. Bytes arrive in order, and all of them before an end;
 * everybody is told of the end once; nothing is left, and the loop comes to rest.
 */
final class NetScenario {
    private static final int TURNS_MAX = 100_000;
    private static final int CONNECTIONS_MAX = 8;

    final SplittableRandom random;
    final List<String> failures = new ArrayList<>();
    final Flow.Registry flows = new Flow.Registry(failures);
    private final SimulatedKernel kernel;
    private final Reactor reactor;
    private final EventLoopGroup loops;
    private final List<SimulatedHandler> handlers = new ArrayList<>();
    private final List<SimulatedOutsider> outsiders = new ArrayList<>();
    private int expected;
    private int attempts;
    private int attemptsEnded;
    private boolean still;
    private boolean closing;

    NetScenario(SimulatedKernel kernel) {
        this.kernel = kernel;
        this.random = kernel.random();
        ReactorConfig config =
                ReactorConfig.defaults()
                        .withConnections(1)
                        .withStreamBuffers(buffers())
                        .withDrainNanos(TimeUnit.HOURS.toNanos(1));
        reactor = new Reactor(config);
        reactor.start();
        loops = TurnedLoop.of(List.of(reactor));
        kernel.whenStill(this::atRest);
    }

    private BufferConfig buffers() {
        int count = 1 << random.nextInt(0, 5);
        return BufferConfig.of(count, count << random.nextInt(0, 3), 64 << random.nextInt(0, 7))
                .withShrinkNanos(random.nextLong(1, 10_000_000));
    }

    private StreamConfig stream() {
        long high = 1L << random.nextInt(5, 16);
        StreamConfig stream =
                StreamConfig.defaults()
                        .withWaterMarks(random.nextLong(0, high), high, high * 4)
                        .withReadAheadBytes(1L << random.nextInt(0, 17))
                        .withZeroCopyBytes(
                                random.nextBoolean() ? Long.MAX_VALUE : 1L << random.nextInt(12))
                        .withCloseNanos(TimeUnit.SECONDS.toNanos(30));
        return random.nextInt(4) == 0
                ? stream.withIdleNanos(random.nextLong(1, 10_000_000))
                : stream;
    }

    void run() throws IOException {
        Listener listener = listen();
        if (listener != null) {
            for (int i = random.nextInt(1, CONNECTIONS_MAX); i > 0; i--) {
                expected++;
                kernel.in(random.nextLong(1, 5_000_000), () -> begin(listener.address()));
            }
            if (random.nextInt(4) == 0) {
                turns(random.nextInt(1, 200)); // and in the middle of it all the end
            } else {
                untilRest(() -> expected == 0 && attempts == attemptsEnded && allDone());
                assertTrue(allDone(), () -> "left for ever: " + left());
                var _ = listener.close();
                untilRest(() -> reactor.resourceCount() == 0);
                checkRest();
            }
        }
        closing = true;
        handlers.forEach(SimulatedHandler::relax);
        reactor.close();
        checkEnd();
    }

    private SocketAddress address() {
        if (random.nextInt(4) != 0) {
            return Loops.loopback();
        }
        flows.endsTellNothing();
        return UnixDomainSocketAddress.of("/not/a/directory/simulated");
    }

    private SimulatedPeer connect(SocketAddress address) {
        return address instanceof InetSocketAddress inet
                ? kernel.connect(inet.getPort())
                : kernel.connect(address.toString());
    }

    private Listener listen() {
        ListenerConfig listening =
                ListenerConfig.of(address())
                        .withBacklog(random.nextInt(1, 10))
                        .withStream(stream());
        for (int i = 0; i < 10; i++) {
            try {
                return Listener.open(loops, listening, _ -> newHandler());
            } catch (IOException e) {
                // out of descriptors
            }
        }
        return null;
    }

    private SimulatedHandler newHandler() {
        SimulatedHandler handler = new SimulatedHandler(this);
        handlers.add(handler);
        return handler;
    }

    private void begin(SocketAddress address) {
        expected--;
        if (closing) {
            return;
        }
        if (random.nextBoolean()) {
            SimulatedPeer peer = connect(address);
            if (peer != null) {
                outsiders.add(new SimulatedOutsider(kernel, peer, flows));
            }
            return;
        }
        attempts++;
        long timeout = random.nextBoolean() ? 0 : random.nextLong(1, 1 << 24);
        SimulatedHandler handler = newHandler();
        Connector connector =
                Connector.connect(
                        loops.next(),
                        address,
                        stream(),
                        timeout,
                        new Attempt(handler),
                        _ -> attemptsEnded++);
        if (random.nextInt(10) == 0) {
            kernel.in(random.nextLong(1, 1 << 24), connector::cancel);
        }
        reactor.wakeup(); // this is another thread's doing
    }

    /** Counts that an attempt has ended in success. */
    private final class Attempt implements StreamHandler {
        private final SimulatedHandler handler;

        Attempt(SimulatedHandler handler) {
            this.handler = handler;
        }

        @Override
        public void onOpen(StreamSocket socket) {
            attemptsEnded++;
            handler.onOpen(socket);
        }

        @Override
        public void onData(StreamSocket socket, io.uring.reactor.ReceivedBuffer data) {
            handler.onData(socket, data);
        }

        @Override
        public void onEndOfInput(StreamSocket socket) {
            handler.onEndOfInput(socket);
        }

        @Override
        public void onWritable(StreamSocket socket) {
            handler.onWritable(socket);
        }

        @Override
        public void onDrained(StreamSocket socket) {
            handler.onDrained(socket);
        }

        @Override
        public void onIdle(StreamSocket socket) {
            handler.onIdle(socket);
        }

        @Override
        public void onClose(StreamSocket socket, IOException cause) {
            handler.onClose(socket, cause);
        }
    }

    /** A handler wants it, for itself or for another. */
    void somethingViolent(SimulatedHandler self) {
        SimulatedHandler target =
                random.nextBoolean() ? self : handlers.get(random.nextInt(handlers.size()));
        if (random.nextBoolean()) {
            target.abort();
        } else {
            target.close();
        }
        // In the same turn others may get what it has given back.
        for (SimulatedHandler other : handlers) {
            if (random.nextBoolean()) {
                other.nudge();
            }
        }
    }

    /** From now on received memory is to be given back: it goes with the loop. */
    boolean isClosing() {
        return closing;
    }

    private boolean allDone() {
        return handlers.stream().allMatch(SimulatedHandler::isDone)
                && outsiders.stream().allMatch(SimulatedOutsider::isDone);
    }

    private String left() {
        return handlers.stream().filter(handler -> !handler.isDone()).toList()
                + " "
                + outsiders.stream().filter(outsider -> !outsider.isDone()).toList();
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
        for (SimulatedHandler handler : handlers) {
            relaxed |= handler.relax();
        }
        still = !relaxed;
        reactor.wakeup();
        return true;
    }

    /** The loop sleeps for good. */
    private void checkRest() {
        handlers.forEach(SimulatedHandler::relax);
        still = false;
        for (int i = 0; i < TURNS_MAX && !still; i++) {
            reactor.poll(Ring.FOREVER);
        }
        assertTrue(still, "the loop does not come to rest");
        assertTrue(reactor.pendingOperations() <= 1, "operations left"); // the wake-up's read
        if (reactor.buffers().isShared()) {
            assertEquals(
                    reactor.buffers().sharedBuffers(),
                    kernel.availableBuffers(reactor.ring().fd(), reactor.buffers().group()),
                    "buffers of the group");
        }
    }

    private void checkEnd() {
        handlers.forEach(SimulatedHandler::checkEnd);
        assertEquals(List.of(), failures);
        assertEquals(attempts, attemptsEnded, "attempts to connect that ended");
        assertEquals(0, reactor.pendingOperations(), "operations left");
        assertEquals(0, reactor.resourceCount(), "resources left");
        assertEquals(0, reactor.buffers().outstanding(), "buffers lent");
        assertEquals(0, reactor.buffers().chunksInUse(), "chunks in use");
    }
}
