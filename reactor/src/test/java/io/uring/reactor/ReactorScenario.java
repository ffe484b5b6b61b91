package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.ControlOps;
import io.uring.ring.Cqe;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.PollOps;
import io.uring.ring.Ring;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import io.uring.simulation.SimulatedKernel;
import io.uring.simulation.SimulatedPeer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Random operations, cancellations, timers and wake-ups on one reactor: every operation ends once,
 * with its last completion, and nothing is left.
 */
final class ReactorScenario {
    private static final int STEPS = 120;
    private static final int SOCKETS = 4;
    private static final int TURNS_MAX = 20_000;

    private final SimulatedKernel kernel;
    private final SplittableRandom random;
    private final Reactor reactor;
    private final List<Probe> probes = new ArrayList<>();
    private final List<Alarm> alarms = new ArrayList<>();
    private final List<SimulatedPeer> peers = new ArrayList<>();
    private final List<Descriptor> sockets = new ArrayList<>();
    private final List<ReceivedBuffer> lent = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private boolean closing;
    private int completions;
    private int tasksAsked;
    private int tasksRun;

    ReactorScenario(SimulatedKernel kernel) {
        this.kernel = kernel;
        this.random = kernel.random();
        ReactorConfig config =
                ReactorConfig.defaults()
                        .withConnections(1)
                        .withStreamBuffers(
                                BufferConfig.of(
                                        1 << random.nextInt(0, 4), 8, 64 << random.nextInt(0, 6)))
                        .withDrainNanos(TimeUnit.SECONDS.toNanos(60))
                        .withIdle(idle());
        reactor = new Reactor(config);
        reactor.start();
        kernel.whenStill(this::wakeFromOutside);
    }

    private IdleStrategy idle() {
        return switch (random.nextInt(4)) {
            case 0 -> IdleStrategy.spinThenSleep(random.nextLong(1, 20_000));
            case 1 -> IdleStrategy.minWait(random.nextInt(2, 8), random.nextInt(1, 100));
            default -> IdleStrategy.sleep();
        };
    }

    void run() {
        for (int i = 0; i < SOCKETS; i++) {
            sockets.add(Descriptor.of(kernel.connected(peers::add)));
        }
        for (int i = 0; i < STEPS; i++) {
            step();
            if (random.nextInt(3) == 0) {
                turn();
            }
        }
        finish();
    }

    private void step() {
        Descriptor socket = sockets.get(random.nextInt(SOCKETS));
        SimulatedPeer peer = peers.get(random.nextInt(SOCKETS));
        switch (random.nextInt(14)) {
            case 0, 1 -> submit(ControlOps::nop);
            case 2 -> submit(sqe -> PollOps.poll(sqe, socket, PollOps.IN));
            case 3 -> receive(socket);
            case 4 -> receiveSelected(socket);
            case 5 -> send(socket);
            case 6 -> cancelOne();
            case 7 -> cancelSocket(socket);
            case 8 -> peer.write(new byte[random.nextInt(1, 2_000)]);
            case 9 -> peer.read(random.nextInt(1, 2_000));
            case 10 -> schedule();
            case 11 -> later(peer);
            case 12 -> execute();
            default -> releaseSome();
        }
    }

    private void submit(Consumer<Sqe> preparation) {
        Probe probe = new Probe(preparation);
        probes.add(probe);
        reactor.submit(probe);
    }

    private void receive(Descriptor socket) {
        Probe probe = new Probe(null);
        Chunk chunk = reactor.buffers().takeChunk();
        probe.preparation = sqe -> SocketOps.recv(sqe, socket, chunk.memory(), 0);
        probe.atEnd = () -> reactor.buffers().returnChunk(chunk);
        probes.add(probe);
        reactor.submit(probe);
    }

    private void receiveSelected(Descriptor socket) {
        BufferGroup group = reactor.buffers();
        boolean multishot = reactor.ring().capabilities().has(Feature.MULTISHOT_RECV);
        if (group.isShared() && multishot && random.nextBoolean()) {
            submit(sqe -> SocketOps.recvMultishot(sqe, socket, group.group()));
        } else if (group.isShared()) {
            submit(sqe -> SocketOps.recvSelect(sqe, socket, group.group(), 0));
        }
    }

    private void send(Descriptor socket) {
        Probe probe = new Probe(null);
        Chunk chunk = reactor.buffers().takeChunk();
        int length = random.nextInt(1, 4_000);
        probe.preparation =
                sqe ->
                        SocketOps.send(
                                sqe, socket, chunk.memory(), 0, length, SocketOps.MSG_NOSIGNAL);
        probe.atEnd = () -> reactor.buffers().returnChunk(chunk);
        probes.add(probe);
        reactor.submit(probe);
    }

    private void cancelOne() {
        if (!probes.isEmpty()) {
            reactor.cancel(probes.get(random.nextInt(probes.size())));
        }
    }

    private void cancelSocket(Descriptor socket) {
        Operation[] pending =
                probes.stream().filter(Operation::isPending).toArray(Operation[]::new);
        if (pending.length > 0) {
            reactor.cancelAll(socket, pending[random.nextInt(pending.length)]);
        }
    }

    private void schedule() {
        if (!alarms.isEmpty() && random.nextInt(3) == 0) {
            Alarm alarm = alarms.get(random.nextInt(alarms.size()));
            alarm.cancelled |= alarm.timer.isScheduled();
            reactor.cancel(alarm.timer);
            return;
        }
        Alarm alarm = new Alarm();
        alarms.add(alarm);
        long delay = random.nextLong(0, 1_000_000);
        alarm.due = kernel.nanoTime() + delay;
        reactor.schedule(alarm.timer, delay);
    }

    /** The world acts while the reactor may sleep. */
    private void later(SimulatedPeer peer) {
        long delay = random.nextLong(0, 2_000_000);
        switch (random.nextInt(3)) {
            case 0 -> kernel.in(delay, () -> peer.write(new byte[100]));
            case 1 -> kernel.in(delay, () -> peer.read(100));
            default -> kernel.in(delay, reactor::wakeup);
        }
    }

    private void execute() {
        tasksAsked++;
        reactor.execute(() -> tasksRun++);
    }

    private void releaseSome() {
        while (!lent.isEmpty() && random.nextInt(4) != 0) {
            lent.remove(random.nextInt(lent.size())).release();
        }
    }

    /** Nothing would end this sleep but another thread. */
    private boolean wakeFromOutside() {
        reactor.wakeup();
        return true;
    }

    private void turn() {
        completions +=
                reactor.poll(random.nextInt(4) == 0 ? Ring.FOREVER : random.nextInt(100_000));
    }

    private void finish() {
        for (Probe probe : probes) {
            if (probe.isPending() && random.nextInt(4) != 0) {
                reactor.cancel(probe);
            }
        }
        for (int i = 0; i < TURNS_MAX && alarms.stream().anyMatch(Alarm::isOpen); i++) {
            turn();
        }
        turn();
        closing = true;
        lent.forEach(ReceivedBuffer::release);
        reactor.close();
        assertEquals(List.of(), failures);
        for (Probe probe : probes) {
            assertTrue(probe.ended, "an operation never ended");
            assertFalse(probe.isPending());
        }
        for (Alarm alarm : alarms) {
            assertFalse(alarm.isOpen(), "a timer did not run");
        }
        assertEquals(tasksAsked, tasksRun, "tasks");
        assertEquals(0, reactor.pendingOperations(), "operations left");
        assertEquals(0, reactor.buffers().outstanding(), "buffers lent");
        assertEquals(0, reactor.buffers().chunksInUse(), "chunks in use");
        LoopCounters.Snapshot counters = reactor.counters().snapshot();
        assertEquals(0, counters.staleCompletions(), "completions of nobody");
        assertTrue(counters.cqes() >= completions);
        sockets.forEach(socket -> SocketCalls.close(socket.number()));
        peers.forEach(SimulatedPeer::close);
    }

    /** What a callback throws is caught by the reactor. */
    private void check(boolean holds, String otherwise) {
        if (!holds) {
            failures.add(otherwise);
        }
    }

    private final class Alarm {
        final Timer timer = new Timer(this::rings);
        long due;
        boolean cancelled;
        boolean rang;

        private void rings() {
            check(!rang, "a timer ran twice");
            check(kernel.nanoTime() - due >= 0, "a timer ran early");
            rang = true;
        }

        boolean isOpen() {
            return !rang && !cancelled;
        }
    }

    private final class Probe extends Operation {
        private Consumer<Sqe> preparation;
        private Runnable atEnd = () -> {};
        private boolean ended;

        Probe(Consumer<Sqe> preparation) {
            this.preparation = preparation;
        }

        @Override
        protected void prepare(Sqe sqe) {
            preparation.accept(sqe);
        }

        @Override
        protected void complete(int result, int flags) {
            check(!ended, "a completion after the last");
            check(result != -Errno.EBADF && result != -Errno.EINVAL, "result " + result);
            if ((flags & Cqe.F_BUFFER) != 0) {
                ReceivedBuffer data = reactor.buffers().take(result, flags, bytes -> {});
                if (data != null && closing) {
                    data.release();
                } else if (data != null) {
                    lent.add(data);
                }
            }
            if ((flags & Cqe.F_MORE) == 0) {
                ended = true;
                check(!isPending(), "pending after its last completion");
                atEnd.run();
            }
        }
    }
}
