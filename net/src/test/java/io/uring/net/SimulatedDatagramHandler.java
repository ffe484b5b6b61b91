package io.uring.net;

import io.uring.reactor.Timer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A socket that does at random all that a handler may do, for a while. A datagram holds who sent it
 * first, its number, and bytes that follow from both.
 */
final class SimulatedDatagramHandler implements DatagramHandler {
    private static final int HEADER_BYTES = 3;
    private static final int LONGEST = 1500;
    private static final byte TOLD = 0x77;

    /** What ends an operation, and is nothing to tell. */
    private static final List<String> PASSING = List.of("EINTR", "EAGAIN", "ENOBUFS", "EALREADY");

    private final DatagramScenario scenario;
    private final SplittableRandom random;
    private final int key;
    private final Timer tick = new Timer(this::act);
    private final List<Datagram> held = new ArrayList<>();

    /** By the first sender and the number. */
    private final Set<Integer> seen = new HashSet<>();

    private final boolean violent;
    private int acts;
    private @Nullable DatagramSocket socket;
    private @Nullable InetSocketAddress address;
    private int opened;
    private int closed;
    private int sent;
    private int asked;
    private int told;
    private boolean paused;
    private boolean full;

    SimulatedDatagramHandler(DatagramScenario scenario, int key) {
        this.scenario = scenario;
        this.random = scenario.random;
        this.key = key;
        this.violent = random.nextInt(3) == 0;
        this.acts = random.nextInt(1, 40);
    }

    void opened(DatagramSocket opening) {
        address = opening.localAddress();
    }

    InetSocketAddress address() {
        return java.util.Objects.requireNonNull(address);
    }

    private DatagramSocket socket() {
        return java.util.Objects.requireNonNull(socket);
    }

    private void check(boolean holds, String otherwise) {
        if (!holds && scenario.failures.size() < 10) {
            scenario.failures.add(otherwise);
        }
    }

    @Override
    public void onOpen(DatagramSocket opening) {
        socket = opening;
        opened++;
        check(opened == 1, "opened twice");
        act();
    }

    /** Some step, and another one later. */
    private void act() {
        if (closed > 0 || !socket().isOpen()) {
            return;
        }
        if (acts-- == 0) {
            socket().close();
            return;
        }
        switch (random.nextInt(8)) {
            case 0 -> {
                paused = true;
                socket().pauseReading();
            }
            case 1 -> {
                paused = false;
                socket().resumeReading();
            }
            case 2 -> releaseSome();
            case 3 -> {
                if (violent && random.nextInt(10) == 0) {
                    socket().abort(new IOException("the scenario's wish"));
                }
            }
            default -> send();
        }
        if (socket().isOpen()) {
            socket().reactor().schedule(tick, random.nextLong(1, 500_000));
        }
    }

    private void releaseSome() {
        while (!held.isEmpty() && random.nextInt(3) != 0) {
            held.removeLast().release();
        }
    }

    /** Holds nothing up any more; returns whether it did. */
    boolean relax() {
        boolean did = !held.isEmpty() || paused;
        held.forEach(Datagram::release);
        held.clear();
        if (paused && opened > 0 && closed == 0) {
            socket().resumeReading();
        }
        paused = false;
        return did;
    }

    private void send() {
        if (full && random.nextInt(4) != 0) {
            return;
        }
        byte[] bytes = datagram(key, sent++, random.nextInt(HEADER_BYTES, LONGEST));
        boolean connected = socket().remoteAddress() != null;
        DatagramAddress target = connected ? null : DatagramAddress.of(scenario.any());
        if (random.nextBoolean()) {
            full |= !socket().send(ByteBuffer.wrap(bytes), target);
            return;
        }
        MemorySegment memory = Arena.ofAuto().allocate(bytes.length);
        memory.copyFrom(MemorySegment.ofArray(bytes));
        asked++;
        boolean[] once = new boolean[1];
        full |=
                !socket().send(
                                memory,
                                target,
                                0,
                                failure -> {
                                    check(!once[0], "a listener was told twice");
                                    once[0] = true;
                                    told++;
                                    checkError(failure);
                                    memory.fill(TOLD); // it is the caller's again
                                });
    }

    private static byte[] datagram(int key, int number, int length) {
        byte[] bytes = new byte[length];
        bytes[0] = (byte) key;
        bytes[1] = (byte) (number >>> 8);
        bytes[2] = (byte) number;
        for (int i = HEADER_BYTES; i < length; i++) {
            bytes[i] = (byte) (i * 31 + key * 101 + number * 7);
        }
        return bytes;
    }

    @Override
    public void onDatagram(DatagramSocket on, Datagram datagram) {
        check(opened == 1 && closed == 0, "a datagram before open or after close");
        MemorySegment memory = datagram.segment();
        byte[] bytes = memory.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        if (bytes.length < HEADER_BYTES) {
            check(datagram.isTruncated(), "shorter than any");
            datagram.release();
            return;
        }
        int from = bytes[0];
        int number = ((bytes[1] & 0xff) << 8) | (bytes[2] & 0xff);
        check(
                java.util.Arrays.equals(bytes, datagram(from, number, bytes.length)),
                () -> "not as it was sent: %d of %d".formatted(number, from));
        check(seen.add((from << 16) | number), () -> "%d of %d again".formatted(number, from));
        check(
                from == key || isOf(from, datagram.source()),
                () -> "from " + datagram.source() + ", and sent by " + from);
        if (violent && random.nextInt(20) == 0) {
            throw new IllegalStateException("a handler that fails, as the scenario wants it");
        }
        switch (random.nextInt(4)) {
            case 0 -> {
                boolean answer = from != key && on.remoteAddress() == null;
                if (answer && !datagram.isTruncated()) {
                    full |= !on.send(datagram, datagram.source()) && on.isOpen();
                } else {
                    datagram.release();
                }
            }
            case 1 -> {
                if (scenario.isClosing()) {
                    datagram.release();
                } else {
                    held.add(datagram);
                }
            }
            default -> datagram.release();
        }
    }

    private void check(boolean holds, java.util.function.Supplier<String> otherwise) {
        if (!holds) {
            check(false, otherwise.get());
        }
    }

    private boolean isOf(int from, DatagramAddress source) {
        return scenario.handlers.get(from).address().getPort() == source.port();
    }

    private void checkError(@Nullable IOException failure) {
        String why = String.valueOf(failure);
        check(PASSING.stream().noneMatch(why::contains), "told what passes: " + why);
    }

    @Override
    public void onWritable(DatagramSocket on) {
        check(full, "onWritable without a send that returned false");
        full = false;
        if (random.nextBoolean()) {
            send();
        }
    }

    @Override
    public void onError(DatagramSocket on, IOException failure) {
        check(closed == 0, "an error after the close");
        checkError(failure);
    }

    @Override
    public void onClose(DatagramSocket on, @Nullable IOException cause) {
        closed++;
        check(closed == 1, "closed twice");
        checkError(cause);
        on.reactor().cancel(tick);
    }

    boolean isDone() {
        return closed == 1;
    }

    /** At the end of everything. */
    void checkEnd() {
        check(closed == opened, "opened " + opened + " times, closed " + closed);
        check(asked == told, asked + " listeners, told " + told);
    }

    @Override
    public String toString() {
        return "%s: %d sent, %d of %d listeners told%s"
                .formatted(address, sent, told, asked, full ? ", full" : "");
    }
}
