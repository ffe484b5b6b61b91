package io.uring.ring;

import io.uring.ring.internal.Kernel;
import io.uring.ring.internal.LinuxKernel;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The real kernel, but for the faults that a test asks for. Counts descriptors and mappings that
 * are open.
 */
final class FaultyKernel implements Kernel {
    /** One call of io_uring_setup. */
    record Setup(int entries, int cqEntries, int flags) {}

    /** One call of io_uring_enter. */
    record Enter(int fd, int toSubmit, int minComplete, int flags, long argumentBytes) {}

    /** The result of a call, or {@link #PASS} for what the real kernel says. */
    @FunctionalInterface
    interface SetupFault {
        long result(Setup setup);
    }

    static final long PASS = Long.MIN_VALUE;

    private final LinuxKernel real = LinuxKernel.instance();
    private final Set<Integer> descriptors = new HashSet<>();
    private final Set<Long> mappings = new HashSet<>();

    final List<Setup> setups = new ArrayList<>();
    final List<Enter> enters = new ArrayList<>();

    SetupFault setupFault = setup -> PASS;

    /** Results of the next enter calls, instead of making them. */
    final Deque<Long> enterFaults = new ArrayDeque<>();

    /** The most entries that one enter call takes. */
    int submitLimit = Integer.MAX_VALUE;

    /** The number of the map call that fails, from 1; 0 for none. */
    int failingMap;

    /** The register operation that fails with EINVAL; -1 for none. */
    int failingRegister = -1;

    /** The io_uring_buf_reg of the last buffer ring that was registered. */
    MemorySegment bufferRegistration = MemorySegment.NULL;

    /** Writes to eventfds. */
    int signals;

    private int maps;

    /** Lets the map call after {@code skipped} others fail. */
    void failMapAfter(int skipped) {
        failingMap = maps + skipped + 1;
    }

    int openDescriptors() {
        return descriptors.size();
    }

    int openMappings() {
        return mappings.size();
    }

    @Override
    public long setup(int entries, long params) {
        Setup setup =
                new Setup(
                        entries, NativeMemory.getInt(params + 4), NativeMemory.getInt(params + 8));
        setups.add(setup);
        long fault = setupFault.result(setup);
        return fault != PASS ? fault : opened(real.setup(entries, params));
    }

    private long opened(long fd) {
        if (fd >= 0) {
            descriptors.add((int) fd);
        }
        return fd;
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
        enters.add(new Enter(fd, toSubmit, minComplete, flags, argumentBytes));
        Long fault = enterFaults.poll();
        if (fault != null) {
            return fault;
        }
        int limited = Math.min(toSubmit, submitLimit);
        return real.enter(callState, fd, limited, minComplete, flags, argument, argumentBytes);
    }

    @Override
    public long register(int fd, int opcode, long argument, int count) {
        if (opcode == 22) {
            MemorySegment registration = MemorySegment.ofAddress(argument).reinterpret(40);
            bufferRegistration = Arena.ofAuto().allocate(40, 8).copyFrom(registration);
        }
        return opcode == failingRegister
                ? -Errno.EINVAL
                : real.register(fd, opcode, argument, count);
    }

    @Override
    public long map(long bytes, int fd, long offset) {
        maps++;
        if (maps == failingMap) {
            return -Errno.ENOMEM;
        }
        long address = real.map(bytes, fd, offset);
        if (address > 0) {
            mappings.add(address);
        }
        return address;
    }

    @Override
    public long mapHuge(long bytes) {
        long address = real.mapHuge(bytes);
        if (address > 0) {
            mappings.add(address);
        }
        return address;
    }

    @Override
    @SuppressWarnings("MustBeClosedChecker") // closed together with the arena
    public MemorySegment own(Arena arena, long address, long bytes) {
        Arena inner = Arena.ofShared();
        return real.own(inner, address, bytes)
                .reinterpret(
                        arena,
                        segment -> {
                            mappings.remove(address);
                            inner.close();
                        });
    }

    @Override
    public long close(int fd) {
        if (!descriptors.remove(fd)) {
            throw new AssertionError("descriptor " + fd + " is closed and was not open");
        }
        return real.close(fd);
    }

    @Override
    public long eventfd() {
        return opened(real.eventfd());
    }

    @Override
    public long signal(int eventfd) {
        signals++;
        return real.signal(eventfd);
    }

    @Override
    public MemorySegment newCallState(Arena arena) {
        return real.newCallState(arena);
    }
}
