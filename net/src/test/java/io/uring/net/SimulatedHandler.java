package io.uring.net;

import io.uring.reactor.ReceivedBuffer;
import io.uring.reactor.Timer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** One end of a connection that does at random all that a handler may do. */
final class SimulatedHandler implements StreamHandler {
    private static final byte TOLD = 0x77;

    /** What ends an operation, and never a connection. */
    private static final List<String> PASSING = List.of("EINTR", "EAGAIN", "ENOBUFS", "EALREADY");

    private final NetScenario scenario;
    private final SplittableRandom random;
    private final Flow flow;
    private final Flow.Registry.Reader reader;
    private final Timer tick = new Timer(this::act);
    private final List<ReceivedBuffer> held = new ArrayList<>();

    /** Sends with trySend only. */
    private final boolean bySelf;

    /** Never pauses, so that nothing else gets a receive going again. */
    private final boolean calm;

    private final int violence;
    private @Nullable StreamSocket socket;
    private int opened;
    private int closed;
    private boolean inputEnded;
    private boolean paused;
    private boolean waiting;
    private boolean full;
    private int listenersAsked;
    private int listenersTold;

    SimulatedHandler(NetScenario scenario) {
        this.scenario = scenario;
        this.random = scenario.random;
        this.flow = scenario.flows.newFlow(random.nextInt(1 << random.nextInt(1, 15)));
        this.reader = scenario.flows.newReader("handler");
        this.bySelf = random.nextInt(5) == 0;
        this.calm = random.nextBoolean();
        this.violence = random.nextInt(3) == 0 ? 40 : 0;
    }

    private void check(boolean holds, String otherwise) {
        if (!holds) {
            scenario.failures.add(otherwise);
        }
    }

    private StreamSocket socket() {
        return java.util.Objects.requireNonNull(socket);
    }

    @Override
    public void onOpen(StreamSocket opening) {
        socket = opening;
        opened++;
        check(opened == 1, "opened twice");
        act();
    }

    /** Some step, and another one later. */
    private void act() {
        if (closed > 0) {
            return;
        }
        switch (random.nextInt(calm ? 2 : 0, 8)) {
            case 0 -> pause();
            case 1 -> resume();
            case 2 -> releaseSome();
            case 3 -> {
                if (violence > 0 && random.nextInt(violence) == 0) {
                    scenario.somethingViolent(this);
                }
            }
            default -> write();
        }
        if (closed == 0 && socket().isOpen()) {
            socket().reactor().schedule(tick, random.nextLong(1, 500_000));
        }
    }

    /** Writes something now. */
    void nudge() {
        if (socket != null && closed == 0) {
            write();
        }
    }

    void abort() {
        if (socket != null && closed == 0) {
            socket.abort(new IOException("the scenario's wish"));
        }
    }

    void close() {
        if (socket != null && closed == 0) {
            boolean open = socket.isOpen();
            flow.finished |= open;
            socket.close();
        }
    }

    private void pause() {
        paused = true;
        socket().pauseReading();
    }

    private void resume() {
        paused = false;
        socket().resumeReading();
    }

    private void releaseSome() {
        while (!held.isEmpty() && random.nextInt(3) != 0) {
            held.removeLast().release();
        }
    }

    /** Holds nothing up any more; returns whether it did. */
    boolean relax() {
        boolean did = !held.isEmpty() || paused;
        held.forEach(ReceivedBuffer::release);
        held.clear();
        if (paused && closed == 0) {
            resume();
        }
        paused = false;
        return did;
    }

    private void write() {
        if (flow.left() == 0) {
            if (!flow.finished && socket().isOpen()) {
                flow.finished = true;
                socket().shutdownOutput();
            }
            closeIfBothEnded();
            return;
        }
        if (bySelf) {
            send();
            return;
        }
        int room = (int) (socket().config().maxQueuedBytes() - socket().queuedBytes());
        int count = Math.min(random.nextInt(1, flow.left() + 1), room);
        if (count <= 0 || (full && random.nextInt(4) != 0)) {
            return;
        }
        boolean open = socket().isOpen() && !flow.finished;
        full |= !(random.nextBoolean() ? copy(count) : lend(count));
        if (open) {
            flow.written += count;
        }
    }

    private boolean copy(int count) {
        return socket().write(ByteBuffer.wrap(flow.next(count)));
    }

    private boolean lend(int count) {
        MemorySegment memory = Arena.ofAuto().allocate(count);
        memory.copyFrom(MemorySegment.ofArray(flow.next(count)));
        listenersAsked++;
        boolean[] told = new boolean[1];
        return socket().write(
                        memory,
                        failure -> {
                            check(!told[0], "a write listener was told twice");
                            told[0] = true;
                            listenersTold++;
                            memory.fill(TOLD); // whoever was told may do with it what he likes
                        });
    }

    private void send() {
        if (waiting || !socket().isOpen()) {
            return;
        }
        byte[] bytes = flow.next(random.nextInt(1, flow.left() + 1));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(bytes.length);
            memory.copyFrom(MemorySegment.ofArray(bytes));
            int taken = socket().trySend(memory, 0, bytes.length);
            flow.written += taken;
            if (taken < bytes.length) {
                waiting = true;
                socket().awaitWritable(() -> waiting = false);
            }
        } catch (IOException e) {
            if (random.nextBoolean()) {
                socket().abort(e); // or the loop ends it by itself
            }
        }
    }

    @Override
    public void onData(StreamSocket on, ReceivedBuffer data) {
        check(closed == 0 && opened == 1, "data before open or after close");
        check(!inputEnded, "data after the end");
        ByteBuffer bytes = ByteBuffer.allocate(data.remaining());
        int at = (int) data.offset();
        MemorySegment memory = data.memory();
        data.read(bytes);
        for (byte value : bytes.array()) {
            reader.read(value);
        }
        if (violence > 0 && random.nextInt(violence * 4) == 0) {
            throw new IllegalStateException("a handler that fails, as the scenario wants it");
        }
        int count = bytes.capacity();
        boolean answers = !bySelf && !flow.finished && on.isOpen() && count <= flow.left();
        if (answers && fits(on, count) && random.nextInt(4) == 0) {
            answer(on, memory, at, count, data);
        } else if (random.nextInt(4) == 0 && !scenario.isClosing()) {
            held.add(data);
        } else {
            data.release();
        }
    }

    private static boolean fits(StreamSocket on, int count) {
        return on.config().maxQueuedBytes() - on.queuedBytes() >= count;
    }

    /** Sends its own bytes in the memory of what came. */
    private void answer(
            StreamSocket on, MemorySegment memory, int at, int count, ReceivedBuffer data) {
        // Unread again: the position is the buffer's, the bytes are ours.
        data.release();
        if (memory.byteSize() < at + count) {
            throw new AssertionError("a buffer beyond its memory");
        }
        full |= !on.write(ByteBuffer.wrap(flow.next(count)));
        flow.written += count;
    }

    @Override
    public void onEndOfInput(StreamSocket on) {
        check(!inputEnded, "two ends");
        inputEnded = true;
        reader.ended();
        closeIfBothEnded();
    }

    private void closeIfBothEnded() {
        if (inputEnded && flow.left() == 0) {
            close();
        }
    }

    @Override
    public void onWritable(StreamSocket on) {
        check(full, "onWritable without a write that returned false");
        full = false;
        write();
    }

    @Override
    public void onDrained(StreamSocket on) {
        check(on.queuedBytes() == 0, "drained, and something is queued");
        if (random.nextBoolean()) {
            write();
        }
    }

    @Override
    public void onIdle(StreamSocket on) {
        if (random.nextInt(8) == 0) {
            on.abort(new IOException("idle"));
        }
    }

    @Override
    public void onClose(StreamSocket on, @Nullable IOException cause) {
        closed++;
        check(closed == 1, "closed twice");
        String why = String.valueOf(cause);
        check(PASSING.stream().noneMatch(why::contains), "closed for what passes: " + why);
        on.reactor().cancel(tick);
    }

    boolean isDone() {
        return opened == 0 || closed == 1;
    }

    @Override
    public String toString() {
        return "%s: %s, %s%s%s%s"
                .formatted(
                        socket,
                        flow,
                        socket().isOpen() ? "open" : "closing",
                        inputEnded ? ", end of input" : "",
                        bySelf ? ", by itself" : "",
                        waiting ? ", waiting for room" : "");
    }

    /** At the end of everything. */
    void checkEnd() {
        check(closed == opened, "opened " + opened + " times, closed " + closed);
        check(
                listenersAsked == listenersTold,
                listenersAsked + " write listeners, told " + listenersTold);
        check(!waiting, "awaitWritable never told");
    }
}
