package io.uring.ring;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** An arena that does not close under the kernel. */
final class OperationArena implements Arena {
    private final Ring ring;
    private final Arena memory = Arena.ofShared();

    OperationArena(Ring ring) {
        this.ring = ring;
    }

    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
        return memory.allocate(byteSize, byteAlignment);
    }

    @Override
    public MemorySegment.Scope scope() {
        return memory.scope();
    }

    /**
     * @throws IllegalStateException while an operation in flight names memory of this arena
     */
    @Override
    public void close() {
        if (ring.isInFlight(memory.scope())) {
            throw new IllegalStateException(
                    "an operation in flight uses memory of this arena: wait for its last completion");
        }
        memory.close();
    }
}
