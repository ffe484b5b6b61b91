package io.uring.net;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.uring.reactor.EventLoop;
import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;

/** Puts another file behind a ring's descriptor, so that every further call on it fails. */
final class BrokenRing {
    /** The loop has to name its ring by descriptor in each call. */
    static final String MASK = "ring_fds";

    private static final MethodHandle OPEN = handle("open", ADDRESS, JAVA_INT);
    private static final MethodHandle DUP2 = handle("dup2", JAVA_INT, JAVA_INT);

    private BrokenRing() {}

    /** Returns when the loop has ended. */
    static void breakRing(EventLoop loop) {
        loop.execute(() -> breakNow(loop));
        Loops.get(loop.terminated());
    }

    /** On the loop: what this turn has prepared never reaches the kernel. */
    static void breakNow(EventLoop loop) {
        try (Arena arena = Arena.ofConfined()) {
            int ring = loop.reactor().ring().fd();
            int other = (int) OPEN.invokeExact(arena.allocateFrom("/dev/null"), 0);
            int result = (int) DUP2.invokeExact(other, ring);
            SocketCalls.close(other);
            if (result != ring) {
                throw new AssertionError("dup2 " + result);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    private static MethodHandle handle(String name, MemoryLayout... arguments) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(JAVA_INT, arguments));
    }
}
