package io.uring.ring;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/**
 * A ring with random operations on it, and a model of what they do: a file whose blocks hold the
 * byte written last, pipes and sockets that deliver bytes in the order of a counter. Each operation
 * has user data of its own and exactly one last completion.
 */
final class RingModel implements AutoCloseable {
    private static final int ECANCELED = -125;
    private static final int ETIME = -62;
    private static final int BLOCKS = 16;
    private static final int BLOCK_BYTES = 512;
    private static final int STREAMS = 4;
    private static final int PENDING_MAX = 24;

    /** What an operation may report. */
    private interface Check {
        void completed(int result);
    }

    /** Two ends: what is written into one comes out of the other, in order. */
    private static final class Stream {
        final int in;
        final int out;
        final boolean socket;
        byte nextIn;
        byte nextOut;
        int buffered;
        boolean writing;
        boolean reading;

        Stream(Libc.Pair ends, boolean socket) {
            this.out = ends.first();
            this.in = ends.second();
            this.socket = socket;
        }
    }

    private final Random random;
    private final Ring ring;
    private final Arena arena = Arena.ofShared();
    private final int file;
    private final byte[] blocks = new byte[BLOCKS];
    private final boolean[] blockBusy = new boolean[BLOCKS];
    private final List<Stream> streams = new ArrayList<>();
    private final Map<Long, Check> pending = new HashMap<>();
    private final FileTable files;
    private final RegisteredBuffers buffers;
    private final MemorySegment registered;
    private boolean registeredBusy;
    private long lastUserData;
    private long operations;

    RingModel(RingConfig config, FaultyKernel kernel, Path path, long seed) {
        random = new Random(seed);
        file = Libc.create(path);
        Libc.write(file, new byte[BLOCKS * BLOCK_BYTES]);
        ring = Ring.open(config, kernel);
        ring.enable();
        for (int i = 0; i < STREAMS; i++) {
            boolean socket = i % 2 == 1;
            streams.add(new Stream(socket ? Libc.socketPair(Libc.STREAM) : Libc.pipe(), socket));
        }
        files = FileTable.register(ring, file, -1);
        registered = ring.allocate(BLOCK_BYTES).asSlice(0, BLOCK_BYTES);
        buffers = RegisteredBuffers.register(ring, registered);
    }

    /** Returns how many operations there were. */
    long run(long nanos) {
        long start = System.nanoTime();
        while (System.nanoTime() - start < nanos) {
            for (int i = random.nextInt(8); i > 0 && pending.size() < PENDING_MAX; i--) {
                any();
            }
            if (pending.size() >= PENDING_MAX) {
                cancelEverything(); // what waits for ever would leave no room
            }
            turn(random.nextInt(4) == 0 ? 100_000 : 0);
            if (random.nextInt(500) == 0) {
                register();
            }
        }
        finish();
        return operations;
    }

    private void any() {
        switch (random.nextInt(12)) {
            case 0, 1 -> nop();
            case 2, 3 -> writeBlock();
            case 4, 5 -> readBlock();
            case 6 -> writeStream(streams.get(random.nextInt(STREAMS)));
            case 7 -> readStream(streams.get(random.nextInt(STREAMS)));
            case 8 -> chain();
            case 9 -> timeout();
            case 10 -> cancel();
            default -> poll();
        }
    }

    /** Prepares an operation; the check is told its result. */
    private Sqe prepare(Check check, java.util.function.UnaryOperator<Sqe> preparation) {
        Sqe sqe = ring.nextSqe();
        while (sqe == null) {
            turn(0);
            sqe = ring.nextSqe();
        }
        long userData = ++lastUserData;
        pending.put(userData, check);
        operations++;
        Sqe prepared = preparation.apply(sqe).userData(userData);
        if (random.nextInt(16) == 0) {
            prepared.async();
        }
        return prepared;
    }

    private void nop() {
        int result = random.nextInt(3) - 1;
        prepare(r -> assertResultOrCancelled(result, r), sqe -> ControlOps.nop(sqe, result));
    }

    private void writeBlock() {
        int block = random.nextInt(BLOCKS);
        if (blockBusy[block]) {
            return;
        }
        blockBusy[block] = true;
        byte value = (byte) random.nextInt();
        boolean fixed = !registeredBusy && random.nextBoolean();
        MemorySegment memory = fixed ? registered : Arena.ofAuto().allocate(BLOCK_BYTES);
        registeredBusy |= fixed;
        memory.fill(value);
        long position = (long) block * BLOCK_BYTES;
        prepare(
                result -> {
                    blockBusy[block] = false;
                    registeredBusy &= !fixed;
                    if (result != ECANCELED && !CancelOps.isCancelled(result)) {
                        assertResult(BLOCK_BYTES, result);
                        blocks[block] = value;
                    }
                },
                sqe ->
                        fixed
                                ? FixedOps.write(sqe, files.slot(0), memory, position, 0)
                                : FileOps.write(sqe, Descriptor.of(file), memory, position));
    }

    private void readBlock() {
        int block = random.nextInt(BLOCKS);
        if (blockBusy[block]) {
            return;
        }
        blockBusy[block] = true;
        MemorySegment memory = Arena.ofAuto().allocate(BLOCK_BYTES);
        prepare(
                result -> {
                    blockBusy[block] = false;
                    if (!CancelOps.isCancelled(result)) {
                        assertResult(BLOCK_BYTES, result);
                        byte[] expected = new byte[BLOCK_BYTES];
                        Arrays.fill(expected, blocks[block]);
                        assertTrue(
                                Arrays.equals(expected, memory.toArray(ValueLayout.JAVA_BYTE)),
                                "block " + block);
                    }
                },
                sqe -> FileOps.read(sqe, files.slot(0), memory, (long) block * BLOCK_BYTES));
    }

    private void writeStream(Stream stream) {
        int length = 1 + random.nextInt(100);
        if (stream.writing || stream.buffered > 10_000) {
            return;
        }
        stream.writing = true;
        MemorySegment memory = Arena.ofAuto().allocate(length);
        for (int i = 0; i < length; i++) {
            memory.set(ValueLayout.JAVA_BYTE, i, (byte) (stream.nextIn + i));
        }
        prepare(
                result -> {
                    stream.writing = false;
                    if (!CancelOps.isCancelled(result)) {
                        assertTrue(result > 0 && result <= length, "wrote " + result);
                        stream.nextIn += (byte) result;
                        stream.buffered += result;
                    }
                },
                sqe ->
                        stream.socket
                                ? SocketOps.send(sqe, Descriptor.of(stream.in), memory, 0)
                                : FileOps.write(sqe, Descriptor.of(stream.in), memory, 0));
    }

    private void readStream(Stream stream) {
        if (stream.reading) {
            return;
        }
        stream.reading = true;
        MemorySegment memory = Arena.ofAuto().allocate(1 + random.nextInt(200));
        prepare(
                result -> {
                    stream.reading = false;
                    if (!CancelOps.isCancelled(result)) {
                        assertTrue(result > 0, "read " + result);
                        for (int i = 0; i < result; i++) {
                            assertResult(stream.nextOut, memory.get(ValueLayout.JAVA_BYTE, i));
                            stream.nextOut++;
                        }
                        stream.buffered -= result;
                    }
                },
                sqe ->
                        stream.socket
                                ? SocketOps.recv(sqe, Descriptor.of(stream.out), memory, 0)
                                : FileOps.read(sqe, Descriptor.of(stream.out), memory, 0));
    }

    /** NOPs of which one may fail; a chain must fit the queue, or its batch ends within it. */
    private void chain() {
        int length = 2 + random.nextInt(3);
        if (ring.sqEntries() < length) {
            return;
        }
        while (ring.sqEntries() - ring.pendingSqes() < length) {
            turn(0);
        }
        int failing = random.nextInt(length + 1);
        for (int i = 0; i < length; i++) {
            int expected = i < failing ? 0 : i == failing ? -5 : ECANCELED;
            int injected = i == failing ? -5 : 0;
            Sqe sqe =
                    prepare(
                            r -> assertResultOrCancelled(expected, r),
                            s -> ControlOps.nop(s, injected));
            if (i < length - 1) {
                sqe.link();
            }
        }
    }

    private void timeout() {
        boolean never = random.nextBoolean();
        Timespec time = new Timespec(Arena.ofAuto()).nanos(never ? Long.MAX_VALUE : 100_000);
        prepare(
                result ->
                        assertTrue(
                                result == ECANCELED || (!never && result == ETIME),
                                "timeout " + result),
                sqe -> TimeoutOps.timeout(sqe, time, 0));
    }

    private void poll() {
        Stream stream = streams.get(random.nextInt(STREAMS));
        prepare(
                result ->
                        assertTrue(
                                result == PollOps.IN || CancelOps.isCancelled(result),
                                "poll " + result),
                sqe -> PollOps.poll(sqe, Descriptor.of(stream.out), PollOps.IN));
    }

    private void cancel() {
        long target = lastUserData - random.nextInt(PENDING_MAX);
        prepare(
                result ->
                        assertTrue(
                                result == 0
                                        || result == -2
                                        || result == -114
                                        || CancelOps.isCancelled(result),
                                "cancellation " + result),
                sqe -> CancelOps.cancel(sqe, target));
    }

    private void cancelEverything() {
        prepare(
                result ->
                        assertTrue(
                                result >= 0 || CancelOps.isCancelled(result), "cancel " + result),
                CancelOps::cancelEverything);
    }

    private void register() {
        if (!registeredBusy) {
            buffers.update(0, null);
            buffers.update(0, registered);
        }
        files.clear(1);
        files.set(1, Descriptor.of(file));
    }

    private void turn(long timeoutNanos) {
        ring.submitAndWait(timeoutNanos == 0 || pending.isEmpty() ? 0 : 1, timeoutNanos);
        ring.drain(this::completed);
    }

    private void completed(long userData, int result, int flags) {
        if (userData == Ring.NO_USER_DATA) {
            return; // a deadline of the ring's own
        }
        assertTrue((flags & Cqe.F_MORE) == 0, "more of " + userData);
        Objects.requireNonNull(pending.remove(userData), "nobody waits for " + userData)
                .completed(result);
    }

    /** Cancels what still waits; then nothing may be left. */
    private void finish() {
        long start = System.nanoTime();
        while (!pending.isEmpty()) {
            cancelEverything();
            turn(10_000_000);
            turn(0);
            if (System.nanoTime() - start > TestRing.LIMIT_NANOS) {
                throw new AssertionError(pending.size() + " operations never completed");
            }
        }
        assertResult(0, ring.lostCompletions());
    }

    /** What a worker runs can be cancelled before it begins. */
    private static void assertResultOrCancelled(int expected, int actual) {
        if (!CancelOps.isCancelled(actual)) {
            assertResult(expected, actual);
        }
    }

    private static void assertResult(int expected, int actual) {
        if (expected != actual) {
            throw new AssertionError("expected " + expected + ", was " + actual);
        }
    }

    private static void assertTrue(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }

    @Override
    public void close() {
        ring.close();
        arena.close();
        Libc.close(file);
        for (Stream stream : streams) {
            Libc.close(stream.in);
            Libc.close(stream.out);
        }
    }
}
