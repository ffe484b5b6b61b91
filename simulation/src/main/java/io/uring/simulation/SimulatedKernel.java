package io.uring.simulation;

import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.internal.Abi;
import io.uring.ring.internal.CurrentKernel;
import io.uring.ring.internal.Kernel;
import io.uring.ring.internal.LinuxKernel;
import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.SystemCall;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A kernel in memory: rings, stream sockets, a network and a clock, all of one thread. What it does
 * depends on the seed and on what it is asked for, on nothing else, so a run can be repeated. Time
 * passes only in it: a wait goes to the next thing that happens, and nothing sleeps.
 *
 * <pre>{@code
 * try (SimulatedKernel kernel = SimulatedKernel.install(seed, FaultPlan.none())) {
 *     Ring ring = Ring.open(RingConfig.ofEntries(8, 16)); // a ring of this kernel
 *     kernel.in(1_000, () -> kernel.connect(port));       // somebody connects in a microsecond
 * }
 * }</pre>
 */
public final class SimulatedKernel implements Kernel, AutoCloseable {
    private static final int MAX_SQ_ENTRIES = 32768;
    private static final int MAX_CQ_ENTRIES = 65536;
    private static final int CQSIZE = 1 << 3;
    private static final int CLAMP = 1 << 4;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    /** A call takes so long. */
    private static final int MAX_CALL_NANOS = 2_000;

    private final World world;
    private final Network network;
    private final Operations operations;
    private final SocketSystemCalls sockets;
    private final Registrations registrations;
    private final SplittableRandom scenario;
    private final long origin;
    private final @Nullable Kernel before;
    private BooleanSupplier whenStill = () -> false;

    private SimulatedKernel(long seed, FaultPlan plan) {
        SplittableRandom random = new SplittableRandom(seed);
        scenario = random.split();
        origin = random.nextLong();
        world = new World(plan, random);
        network = new Network(world);
        operations = new Operations(world, network);
        sockets = new SocketSystemCalls(world, network);
        registrations = new Registrations(world);
        before = CurrentKernel.replace(this);
    }

    /** Makes one, and puts it in the place of Linux until {@link #close}. */
    public static SimulatedKernel install(long seed, FaultPlan plan) {
        return new SimulatedKernel(seed, plan);
    }

    @Override
    public long setup(int entries, long params) {
        int flags = NativeMemory.getInt(params + Abi.PARAMS_FLAGS);
        int supported = Features.setupFlags(world.plan);
        if ((flags & ~supported) != 0 || entries < 1) {
            return -Errno.EINVAL;
        }
        boolean clamp = (flags & CLAMP) != 0;
        int wantedCq = NativeMemory.getInt(params + Abi.PARAMS_CQ_ENTRIES);
        int cq = (flags & CQSIZE) != 0 ? wantedCq : 2 * entries;
        if (!clamp && (entries > MAX_SQ_ENTRIES || cq > MAX_CQ_ENTRIES)) {
            return -Errno.EINVAL;
        }
        int sqEntries = powerOfTwo(Math.min(entries, MAX_SQ_ENTRIES));
        int cqEntries = powerOfTwo(Math.min(cq, MAX_CQ_ENTRIES));
        if (cqEntries < sqEntries) {
            return -Errno.EINVAL;
        }
        if (cqEntries > world.plan.maxEntries()) {
            return -Errno.ENOMEM;
        }
        boolean noDrop = world.plan.has(Feature.NODROP);
        SimulatedRing ring =
                new SimulatedRing(world, operations, sqEntries, cqEntries, flags, noDrop);
        ring.describe(params);
        NativeMemory.putInt(params + Abi.PARAMS_FEATURES, Features.featureBits(world.plan));
        int fd = world.descriptors.add(ring);
        world.trace.add("setup", fd, sqEntries, cqEntries);
        return fd;
    }

    private static int powerOfTwo(int entries) {
        return entries == 1 ? 1 : Integer.highestOneBit(entries - 1) * 2;
    }

    @Override
    public long enter(
            MemorySegment callState,
            int fd,
            int toSubmit,
            int minComplete,
            int flags,
            long argument,
            long argumentBytes) {
        pass();
        boolean registered = (flags & Abi.ENTER_REGISTERED_RING) != 0;
        SimulatedRing ring = registered ? registrations.ring(fd) : ringOf(fd);
        if (ring == null) {
            return -Errno.EBADF;
        }
        if (!ring.isEnabled()) {
            return -Errno.EBADFD;
        }
        if (world.dice.strikes(Fault.BUSY)) {
            return world.dice.flip() ? -Errno.EAGAIN : -Errno.EBUSY;
        }
        world.agenda.runDue();
        ring.progress();
        int taken = ring.submit(toSubmit);
        world.trace.add("enter", taken, minComplete, flags);
        if ((flags & Abi.ENTER_GETEVENTS) == 0 || taken < toSubmit) {
            if (!ring.isDeferred()) {
                ring.deliver(false);
            }
            return taken;
        }
        long error = await(ring, minComplete, flags, argument);
        return taken > 0 ? taken : error;
    }

    private @Nullable SimulatedRing ringOf(int fd) {
        return world.descriptors.get(fd) instanceof SimulatedRing ring ? ring : null;
    }

    /** 0 when there are so many completions, or why the wait ended before. */
    private long await(SimulatedRing ring, int minComplete, int flags, long argument) {
        long start = world.agenda.elapsedNanos();
        boolean extended = (flags & Abi.ENTER_EXT_ARG) != 0 && argument != 0;
        long minWait = extended ? minWaitNanos(argument) : 0;
        long timeout = extended ? timeoutNanos(argument) : Agenda.NEVER;
        if (minWait > 0 && timeout == Agenda.NEVER) {
            timeout = minWait;
        }
        long deadline = later(start, timeout);
        int wanted = Math.min(minComplete, ring.cqEntries);
        while (true) {
            world.agenda.runDue();
            ring.progress();
            ring.deliver(true);
            long now = world.agenda.elapsedNanos();
            boolean few = minWait > 0 && now >= start + minWait;
            if (ring.ready() >= (few ? Math.min(wanted, 1) : wanted)) {
                return 0;
            }
            if (now >= deadline) {
                return ring.ready() > 0 ? 0 : -Errno.ETIME;
            }
            if (world.dice.strikes(Fault.INTERRUPTED_WAIT)) {
                return ring.ready() > 0 ? 0 : -Errno.EINTR;
            }
            if (ring.isBehind()) {
                continue; // a waiter is not left asleep over what is there
            }
            long next = Math.min(world.agenda.next(), deadline);
            if (minWait > 0 && !few) {
                next = Math.min(next, start + minWait);
            }
            if (next == Agenda.NEVER) {
                world.trace.add("still", 0, 0, 0);
                if (!whenStill.getAsBoolean()) {
                    throw new AssertionError(
                            "a wait that nothing will end, with "
                                    + ring.unfinished()
                                    + " operations");
                }
            } else {
                world.agenda.advanceTo(next);
            }
        }
    }

    private static long later(long start, long nanos) {
        return nanos >= Agenda.NEVER - start ? Agenda.NEVER : start + nanos;
    }

    private static long minWaitNanos(long argument) {
        return NativeMemory.getInt(argument + Abi.GETEVENTS_ARG_MIN_WAIT_USEC) * 1_000L;
    }

    private static long timeoutNanos(long argument) {
        long timespec = NativeMemory.getLong(argument + Abi.GETEVENTS_ARG_TS);
        if (timespec == 0) {
            return Agenda.NEVER;
        }
        long seconds = NativeMemory.getLong(timespec);
        if (seconds > Agenda.NEVER / NANOS_PER_SECOND - 1) {
            return Agenda.NEVER;
        }
        return seconds * NANOS_PER_SECOND + NativeMemory.getLong(timespec + Long.BYTES);
    }

    @Override
    public long register(int fd, int opcode, long argument, int count) {
        pass();
        long result = registrations.register(ringOf(fd), fd, opcode, argument, count);
        world.trace.add("register", opcode, count, result);
        return result;
    }

    @Override
    public long map(long bytes, int fd, long offset) {
        if (fd < 0) {
            return world.memory.map(bytes);
        }
        SimulatedRing ring = ringOf(fd);
        return ring == null ? -Errno.EBADF : ring.mapping(offset);
    }

    @Override
    public long mapHuge(long bytes) {
        return -Errno.ENOMEM;
    }

    @Override
    public MemorySegment own(Arena arena, long address, long bytes) {
        return world.memory.own(arena, address, bytes);
    }

    /** Stays until the end of the simulation: when it would go is not for a seed to say. */
    @Override
    public MemorySegment ownLasting(long address, long bytes) {
        return NativeMemory.segment(address, bytes);
    }

    @Override
    public long close(int fd) {
        pass();
        world.trace.add("close", fd, 0, 0);
        return world.descriptors.close(fd, "close") ? 0 : -Errno.EBADF;
    }

    @Override
    public long eventfd() {
        return world.descriptors.add(new EventCounter());
    }

    @Override
    public long signal(int eventfd) {
        if (!(world.descriptors.get(eventfd) instanceof EventCounter counter)) {
            world.problem("signal to " + eventfd + ", which is no eventfd");
            return -Errno.EBADF;
        }
        counter.value++;
        return Long.BYTES;
    }

    @Override
    public long call(SystemCall call, long a, long b, long c, long d, long e, long f) {
        pass();
        long result = sockets.call(call, a, b, c, d, e);
        world.trace.add("call", call.ordinal(), a, result, call);
        return result;
    }

    @Override
    public long nanoTime() {
        pass(); // so that somebody who looks at it again and again gets somewhere
        return origin + world.agenda.elapsedNanos();
    }

    @Override
    public MemorySegment newCallState(Arena arena) {
        return LinuxKernel.instance().newCallState(arena);
    }

    private void pass() {
        long now = world.agenda.elapsedNanos();
        world.agenda.advanceTo(now + world.dice.upTo(MAX_CALL_NANOS));
    }

    /** Does something in the world around: within a call of the kernel, at a simulated time. */
    public void in(long delayNanos, Runnable action) {
        world.agenda.in(delayNanos, action);
    }

    /**
     * Asked when somebody waits and nothing will ever happen: whether it has made something happen.
     * Otherwise the wait throws an AssertionError.
     */
    public void whenStill(BooleanSupplier action) {
        whenStill = action;
    }

    /** Chance for the scenario, which the kernel's own does not disturb. */
    public SplittableRandom random() {
        return scenario;
    }

    /** A connection from another machine, or null when nobody listens or the backlog is full. */
    public @Nullable SimulatedPeer connect(int port) {
        SimulatedSocket client = sockets.connectFromOutside(port);
        return client == null ? null : new SimulatedPeer(client);
    }

    /** A connection from another process to a unix path; otherwise like the above. */
    public @Nullable SimulatedPeer connect(String path) {
        SimulatedSocket client = sockets.connectFromOutside(path);
        return client == null ? null : new SimulatedPeer(client);
    }

    /** A new descriptor, connected to a peer on another machine. */
    public int connected(java.util.function.Consumer<SimulatedPeer> peer) {
        SimulatedSocket near = network.newSocket(2);
        SimulatedSocket far = network.newSocket(2);
        SimulatedSocket.connect(near, far);
        peer.accept(new SimulatedPeer(far));
        return world.descriptors.add(near);
    }

    /** What Linux would punish, now or another time; empty for a program that is right. */
    public List<String> problems() {
        return List.copyOf(world.problems);
    }

    public int openDescriptors() {
        return world.descriptors.open();
    }

    /** Open descriptors by number, for messages. */
    public String descriptors() {
        return world.descriptors.toString();
    }

    /** Mappings that were not unmapped. */
    public long mappings() {
        return world.memory.mapped();
    }

    /** The buffers of a group that the kernel could fill. */
    public int availableBuffers(int ringFd, int group) {
        SimulatedRing ring = ringOf(ringFd);
        ProvidedBuffers buffers = ring == null ? null : ring.groups.get(group);
        return buffers == null ? 0 : buffers.available();
    }

    /** Equal for runs in which the same happened. */
    public long traceHash() {
        return world.trace.hash();
    }

    /** Keeps the text of the trace from now on. */
    public void record() {
        world.trace.record();
    }

    /** What has happened, a line each, since {@link #record}. */
    public String trace() {
        return world.trace.text();
    }

    public FaultPlan plan() {
        return world.plan;
    }

    /** Puts the kernel back that was there before, and frees all memory. */
    @Override
    public void close() {
        Kernel previous = before;
        if (previous != null) {
            CurrentKernel.replace(previous);
        }
        world.memory.close();
    }
}
