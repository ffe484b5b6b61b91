package io.uring.simulation;

import io.uring.ring.Errno;
import io.uring.ring.Opcode;
import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One ring: its queues in memory, laid out as Linux 6.18 does, the operations that wait, and the
 * completions that are not shown yet. Its counters start close to where they wrap.
 */
final class SimulatedRing extends OpenFile {
    private static final int SQ_HEAD = 0;
    private static final int SQ_TAIL = 4;
    private static final int CQ_HEAD = 8;
    private static final int CQ_TAIL = 12;
    private static final int SQ_MASK = 16;
    private static final int CQ_MASK = 20;
    private static final int SQ_ENTRIES = 24;
    private static final int CQ_ENTRIES = 28;
    private static final int DROPPED = 32;
    private static final int SQ_FLAGS = 36;
    private static final int CQ_FLAGS = 40;
    private static final int OVERFLOW = 44;
    private static final int CQES = 64;

    private static final int SUBMIT_ALL = 1 << 7;
    private static final int TASKRUN_FLAG = 1 << 9;
    private static final int DEFER_TASKRUN = 1 << 13;
    private static final int NO_SQARRAY = 1 << 16;
    private static final int R_DISABLED = 1 << 6;

    /** Entries whose operations may depend on each other, which no user of this kernel has. */
    private static final int REFUSED_FLAGS = ~(Abi.IOSQE_ASYNC | Abi.IOSQE_BUFFER_SELECT) & 0xff;

    final World world;
    final int sqEntries;
    final int cqEntries;
    private final int setupFlags;
    private final long rings;
    private final long sqes;
    private final long array;
    private final Operations operations;
    private final boolean noDrop;

    final Map<Integer, ProvidedBuffers> groups = new HashMap<>();

    /** In the order of submission. */
    private final List<Request> waiting = new ArrayList<>();

    private final List<Completion> work = new ArrayList<>();
    private final ArrayDeque<Completion> overflow = new ArrayDeque<>();
    private boolean enabled;

    SimulatedRing(
            World world,
            Operations operations,
            int sqEntries,
            int cqEntries,
            int flags,
            boolean noDrop) {
        this.world = world;
        this.operations = operations;
        this.sqEntries = sqEntries;
        this.cqEntries = cqEntries;
        this.setupFlags = flags;
        this.noDrop = noDrop;
        this.enabled = (flags & R_DISABLED) == 0;
        long arrayOffset = (CQES + (long) cqEntries * Abi.CQE_BYTES + 63) & -64;
        rings = world.memory.map(arrayOffset + (long) sqEntries * Integer.BYTES);
        sqes = world.memory.map((long) sqEntries * Abi.SQE_BYTES);
        array = (flags & NO_SQARRAY) != 0 ? 0 : rings + arrayOffset;
        int start = -world.dice.below(64);
        for (int counter : new int[] {SQ_HEAD, SQ_TAIL, CQ_HEAD, CQ_TAIL}) {
            NativeMemory.putInt(rings + counter, start);
        }
        NativeMemory.putInt(rings + SQ_MASK, sqEntries - 1);
        NativeMemory.putInt(rings + CQ_MASK, cqEntries - 1);
        NativeMemory.putInt(rings + SQ_ENTRIES, sqEntries);
        NativeMemory.putInt(rings + CQ_ENTRIES, cqEntries);
    }

    /** Fills the offsets of an io_uring_params. */
    void describe(long params) {
        NativeMemory.putInt(params + Abi.PARAMS_SQ_ENTRIES, sqEntries);
        NativeMemory.putInt(params + Abi.PARAMS_CQ_ENTRIES, cqEntries);
        int arrayOffset = array == 0 ? 0 : (int) (array - rings);
        int[] sq = {SQ_HEAD, SQ_TAIL, SQ_MASK, SQ_ENTRIES, SQ_FLAGS, DROPPED, arrayOffset};
        int[] cq = {CQ_HEAD, CQ_TAIL, CQ_MASK, CQ_ENTRIES, OVERFLOW, CQES, CQ_FLAGS};
        for (int i = 0; i < sq.length; i++) {
            NativeMemory.putInt(params + Abi.PARAMS_SQ_OFF + (long) i * Integer.BYTES, sq[i]);
            NativeMemory.putInt(params + Abi.PARAMS_CQ_OFF + (long) i * Integer.BYTES, cq[i]);
        }
    }

    /** What mmap at an offset gives. */
    long mapping(long offset) {
        if (offset == Abi.MMAP_SQES) {
            return sqes;
        }
        return offset == Abi.MMAP_SQ_RING || offset == Abi.MMAP_CQ_RING ? rings : -Errno.EINVAL;
    }

    boolean isEnabled() {
        return enabled;
    }

    void enable() {
        enabled = true;
    }

    /** Completions in the queue. */
    int ready() {
        return NativeMemory.getInt(rings + CQ_TAIL) - NativeMemory.getIntAcquire(rings + CQ_HEAD);
    }

    /** Takes entries, and returns how many. */
    int submit(int wanted) {
        int head = NativeMemory.getInt(rings + SQ_HEAD);
        int there = NativeMemory.getIntAcquire(rings + SQ_TAIL) - head;
        int most = Math.min(wanted, there);
        if (most > 1 && world.dice.strikes(Fault.PARTIAL_SUBMIT)) {
            most = world.dice.upTo(most - 1);
        }
        int taken = 0;
        boolean goesOn = true;
        while (taken < most && goesOn) {
            int slot = head + taken & sqEntries - 1;
            if (array != 0) {
                slot = NativeMemory.getInt(array + (long) slot * Integer.BYTES);
            }
            taken++;
            Request request = new Request(this, sqes + (long) slot * Abi.SQE_BYTES);
            // The entry is a copy now: the user may fill it again.
            NativeMemory.putIntRelease(rings + SQ_HEAD, head + taken);
            goesOn = start(request) || (setupFlags & SUBMIT_ALL) != 0;
        }
        return taken;
    }

    private boolean start(Request request) {
        world.trace.add("sqe", request.userData, request.opcode, request.fd, request);
        if (!operations.supports(request.opcode) || (request.flags & REFUSED_FLAGS) != 0) {
            complete(request, -Errno.EINVAL, 0);
            return false;
        }
        int invalid = operations.prepare(request);
        if (invalid != 0) {
            complete(request, invalid, 0);
            return false;
        }
        checkMemory(request);
        waiting.add(request);
        if (world.dice.strikes(Fault.LATE_START)) {
            startLater(request, world.dice.delayNanos());
        } else {
            operations.attempt(request);
        }
        return true;
    }

    /** Memory that an operation writes is nobody else's until its completion is shown. */
    private void checkMemory(Request request) {
        for (Request other : waiting) {
            if (request.collidesWith(other)) {
                world.problem(request + " uses the memory of " + other);
            }
        }
        for (Completion completion : work) {
            Request other = completion.request;
            if (other != null && request.collidesWith(other)) {
                world.problem(request + " uses the memory of " + other + ", which is not shown");
            }
        }
    }

    void startLater(Request request, long delayNanos) {
        request.notBefore = world.agenda.elapsedNanos() + delayNanos;
        world.agenda.in(delayNanos, () -> {});
    }

    /** Tries what waits once more. */
    void progress() {
        if (waiting.isEmpty()) {
            return;
        }
        List<Request> turn = new ArrayList<>(waiting);
        if (world.dice.strikes(Fault.REORDER)) {
            java.util.Collections.rotate(turn, world.dice.below(turn.size()));
        }
        long now = world.agenda.elapsedNanos();
        for (Request request : turn) {
            if (!request.ended && request.notBefore <= now) {
                operations.attempt(request);
            }
        }
    }

    List<Request> waiting() {
        return new ArrayList<>(waiting);
    }

    void complete(Request request, int result, int flags) {
        boolean broken = request.file instanceof SimulatedSocket socket && socket.isReset();
        complete(request, result, flags, 0, null, broken ? request.file : null);
    }

    /** A completion of an operation; without F_MORE the operation has ended. */
    void complete(
            Request request,
            int result,
            int flags,
            long address,
            byte @Nullable [] data,
            @Nullable Object series) {
        if (request.ended) {
            throw new AssertionError("ended twice: " + request);
        }
        if ((flags & Completion.F_MORE) == 0) {
            request.ended = true;
            waiting.remove(request);
        }
        show(
                new Completion(
                        request, request.userData, result, flags, address, data, series, due()));
    }

    /** A completion that no operation of this ring asked for. */
    void message(long userData, int result) {
        show(new Completion(null, userData, result, 0, 0, null, null, due()));
    }

    /** It waits for something else than being tried: a notification is on its way. */
    void setAside(Request request) {
        waiting.remove(request);
    }

    private long due() {
        boolean late = world.dice.strikes(Fault.LATE_COMPLETION);
        return world.agenda.elapsedNanos() + (late ? world.dice.delayNanos() : 0);
    }

    private void show(Completion completion) {
        work.add(completion);
        world.agenda.in(completion.due - world.agenda.elapsedNanos(), () -> {});
    }

    /** Whether completions only come with GETEVENTS. */
    boolean isDeferred() {
        return (setupFlags & DEFER_TASKRUN) != 0;
    }

    /** Puts completions into the queue. */
    void deliver(boolean flush) {
        if (flush) {
            while (!overflow.isEmpty() && ready() < cqEntries) {
                put(overflow.removeFirst());
            }
        }
        int limit = Integer.MAX_VALUE;
        if (!work.isEmpty() && world.dice.strikes(Fault.PARTIAL_DELIVERY)) {
            limit = world.dice.upTo(4);
        }
        for (int i = 0; i < limit; i++) {
            Completion next = pollWork();
            if (next == null) {
                break;
            }
            post(next);
        }
        publishFlags();
    }

    private @Nullable Completion pollWork() {
        List<Completion> showable = showable();
        if (showable.isEmpty()) {
            return null;
        }
        boolean other = showable.size() > 1 && world.dice.strikes(Fault.REORDER);
        Completion next = showable.get(other ? world.dice.below(showable.size()) : 0);
        work.remove(next);
        return next;
    }

    /** What can be shown now: all of it where completions may change places, or the first. */
    private List<Completion> showable() {
        long now = world.agenda.elapsedNanos();
        List<Completion> showable = new ArrayList<>();
        List<@Nullable Object> before = new ArrayList<>();
        boolean reorder = world.plan.perMille(Fault.REORDER) > 0;
        for (Completion completion : work) {
            // What comes later for the same operation or group waits its turn.
            boolean first =
                    !before.contains(completion.request) && !before.contains(completion.series);
            if (first && completion.due <= now) {
                showable.add(completion);
                if (!reorder) {
                    break;
                }
            }
            if (completion.request != null) {
                before.add(completion.request);
            }
            if (completion.series != null) {
                before.add(completion.series);
            }
        }
        return showable;
    }

    private void post(Completion decided) {
        Request request = decided.request;
        Completion completion = decided;
        boolean full = !overflow.isEmpty() || ready() == cqEntries;
        full |= noDrop && world.dice.strikes(Fault.OVERFLOW);
        if (full && !decided.isLast() && request != null && operations.isMultishot(request)) {
            completion = endedByOverflow(request, decided);
        }
        if (request != null) {
            operations.beforeShown(request, completion);
        }
        if (!full) {
            put(completion);
        } else if (noDrop) {
            overflow.addLast(completion);
        } else {
            NativeMemory.putInt(rings + OVERFLOW, NativeMemory.getInt(rings + OVERFLOW) + 1);
            world.trace.add("lost", completion.userData, 0, 0);
        }
        if (request != null && request.file != null && isDoneWithFile(request, completion)) {
            request.file.drop();
        }
    }

    /** A zero-copy send is so with its result; its notification is about memory only. */
    private static boolean isDoneWithFile(Request request, Completion completion) {
        return request.lent == null
                ? completion.isLast()
                : (completion.flags & Completion.F_NOTIF) == 0;
    }

    /** Linux ends a multishot operation whose completion finds no place. */
    private Completion endedByOverflow(Request request, Completion completion) {
        boolean more = request.ended || work.stream().anyMatch(c -> c.request == request);
        if (more) {
            return completion;
        }
        request.ended = true;
        waiting.remove(request);
        return completion.asLast();
    }

    private void put(Completion completion) {
        int tail = NativeMemory.getInt(rings + CQ_TAIL);
        long cqe = rings + CQES + (long) (tail & cqEntries - 1) * Abi.CQE_BYTES;
        NativeMemory.putLong(cqe + Abi.CQE_USER_DATA, completion.userData);
        NativeMemory.putInt(cqe + Abi.CQE_RES, completion.result);
        NativeMemory.putInt(cqe + Abi.CQE_FLAGS, completion.flags);
        NativeMemory.putIntRelease(rings + CQ_TAIL, tail + 1);
        world.trace.add("cqe", completion.userData, completion.result, completion.flags);
        countForTimeouts(completion);
    }

    private void countForTimeouts(Completion completion) {
        for (Request request : waiting()) {
            boolean timeout = request.operation() == Opcode.TIMEOUT;
            if (timeout && request.userData != completion.userData && request.progress > 0) {
                request.progress--;
                if (request.progress == 0) {
                    complete(request, 0, 0);
                }
            }
        }
    }

    /** Whether there are completions that it could show now. */
    boolean isBehind() {
        return !overflow.isEmpty() || !showable().isEmpty();
    }

    private void publishFlags() {
        int flags = !showable().isEmpty() && (setupFlags & TASKRUN_FLAG) != 0 ? Abi.SQ_TASKRUN : 0;
        flags |= overflow.isEmpty() ? 0 : Abi.SQ_CQ_OVERFLOW;
        NativeMemory.putInt(rings + SQ_FLAGS, flags);
    }

    /** Operations that have not had their last completion. */
    int unfinished() {
        return waiting.size() + work.size() + overflow.size();
    }

    @Override
    void released() {
        for (Request request : waiting()) {
            if (request.file != null) {
                world.problem("the ring was closed before the end of " + request);
            }
        }
        enabled = false;
    }

    @Override
    int readiness() {
        return ready() > 0 ? Poll.IN : 0;
    }

    @Override
    public String toString() {
        return "ring";
    }
}
