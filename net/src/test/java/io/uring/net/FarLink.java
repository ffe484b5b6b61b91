package io.uring.net;

import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Two private network namespaces of this process, and a link between them that loses, delays,
 * reorders, doubles and damages packets, or is cut. What {@code tc netem} does, but also where the
 * kernel has no netem, and with a seed. The namespaces have no name: they end with their threads
 * and sockets, so nothing is left even when the process is killed.
 *
 * <p>A namespace belongs to a thread, and to what that thread makes: sockets, and other threads.
 */
final class FarLink implements AutoCloseable {
    private static final int MAX_PACKET_BYTES = 65536;
    private static final int POLL_MILLIS = 50;

    /**
     * What happens to packets; the rates are of 1000.
     *
     * @param delayMillis of each packet
     * @param lateMillis added for those that are overtaken
     */
    record Conditions(
            int mtu,
            int lost,
            int late,
            int doubled,
            int damaged,
            int delayMillis,
            int lateMillis) {
        static Conditions bad(int mtu) {
            return new Conditions(mtu, 20, 100, 10, 10, 5, 8);
        }

        static Conditions good() {
            return new Conditions(1500, 0, 0, 0, 0, 1, 0);
        }
    }

    /** One side: a thread in its namespace, and the network device of that. */
    final class End {
        private final String address;
        private final ExecutorService thread;
        private int device = -1;

        private End(String address, String other) {
            this.address = address;
            thread = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
            try {
                device = call(() -> Namespace.enter(address, other, conditions.mtu()));
            } catch (RuntimeException | Error e) {
                thread.shutdown();
                throw e;
            }
        }

        private void end() {
            thread.shutdown();
            SocketCalls.close(device);
        }

        String address() {
            return address;
        }

        /** Runs {@code task} on the thread in the namespace. */
        <T> T call(Callable<T> task) {
            CompletableFuture<T> result = new CompletableFuture<>();
            thread.execute(() -> {
                try {
                    result.complete(task.call());
                } catch (Throwable t) {
                    result.completeExceptionally(t);
                }
            });
            try {
                return Loops.get(result);
            } catch (java.util.concurrent.CompletionException e) {
                if (e.getCause() instanceof RuntimeException cause) {
                    throw cause; // also that which skips the test
                }
                throw e;
            }
        }
    }

    private static final class Packet implements Delayed {
        final End target;
        final byte[] bytes;
        final long dueNanos;

        Packet(End target, byte[] bytes, long dueNanos) {
            this.target = target;
            this.bytes = bytes;
            this.dueNanos = dueNanos;
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(dueNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(
                    getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
        }
    }

    private final Conditions conditions;
    private final DelayQueue<Packet> wire = new DelayQueue<>();
    private final List<CompletableFuture<Boolean>> threads = new ArrayList<>();
    private final End near;
    private final End far;
    private volatile boolean cut;
    private volatile boolean closed;

    private FarLink(Conditions conditions, Random random) {
        this.conditions = conditions;
        near = new End("10.77.0.1", "10.77.0.2");
        try {
            far = new End("10.77.0.2", "10.77.0.1");
        } catch (RuntimeException | Error e) {
            near.end();
            throw e;
        }
        threads.add(Background.run(() -> carry(near, far, new Random(random.nextLong()))));
        threads.add(Background.run(() -> carry(far, near, new Random(random.nextLong()))));
        threads.add(Background.run(this::deliver));
    }

    /** Skips the test, with the reason, where namespaces or network devices are not permitted. */
    static FarLink open(Conditions conditions) {
        return new FarLink(conditions, Seed.random("FarLink"));
    }

    End near() {
        return near;
    }

    End far() {
        return far;
    }

    /** From now on, or until it is joined, nothing arrives; neither side is told. */
    void cut(boolean on) {
        cut = on;
    }

    private boolean carry(End source, End target, Random random) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(MAX_PACKET_BYTES);
            while (!closed) {
                int count = Namespace.read(source.device, memory, POLL_MILLIS);
                if (count > 0 && !cut && random.nextInt(1000) >= conditions.lost()) {
                    byte[] bytes = memory.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
                    send(target, bytes, random);
                }
            }
        }
        return true;
    }

    private void send(End target, byte[] bytes, Random random) {
        boolean late = random.nextInt(1000) < conditions.late();
        int millis = conditions.delayMillis() + (late ? conditions.lateMillis() : 0);
        if (random.nextInt(1000) < conditions.damaged()) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        long due = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        wire.add(new Packet(target, bytes, due));
        if (random.nextInt(1000) < conditions.doubled()) {
            wire.add(new Packet(target, bytes, due));
        }
    }

    private boolean deliver() throws InterruptedException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(MAX_PACKET_BYTES);
            while (!closed) {
                Packet packet = wire.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
                if (packet != null && !cut) {
                    byte[] bytes = packet.bytes;
                    MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
                    Namespace.write(packet.target.device, memory, bytes.length);
                }
            }
        }
        return true;
    }

    @Override
    public void close() {
        closed = true;
        threads.forEach(Loops::get);
        for (End end : List.of(near, far)) {
            end.end();
        }
    }
}
