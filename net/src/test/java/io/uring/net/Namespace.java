package io.uring.net;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A private network namespace for the calling thread, with a device whose wire is this process. */
final class Namespace {
    private static final int CLONE_NEWNET = 0x40000000;
    private static final int O_RDWR = 2;
    private static final long TUNSETIFF = 0x400454caL;
    private static final short IFF_TUN_NO_PI = 0x1001;

    /** struct ifreq: name 16 bytes @0, flags u16 @16. */
    private static final int IFREQ_BYTES = 40;

    private static final int POLLIN = 1;
    private static final String DEVICE = "wire0";

    private static final MethodHandle UNSHARE = handle(0, "unshare", JAVA_INT);
    private static final MethodHandle OPEN = handle(2, "open", ADDRESS, JAVA_INT);
    private static final MethodHandle IOCTL = handle(2, "ioctl", JAVA_INT, JAVA_LONG, ADDRESS);
    private static final MethodHandle POLL = handle(0, "poll", ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle READ = handle(0, "read", JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle WRITE = handle(0, "write", JAVA_INT, ADDRESS, JAVA_LONG);

    private Namespace() {}

    /**
     * Makes the namespace and its device, whose other side is read and written by {@link #read} and
     * {@link #write}. Skips the test where that is not permitted.
     *
     * @return the device's descriptor
     */
    static int enter(String address, String other, int mtu) {
        try (Arena arena = Arena.ofConfined()) {
            need((int) UNSHARE.invokeExact(CLONE_NEWNET), "a network namespace");
            int fd = (int) OPEN.invokeExact(arena.allocateFrom("/dev/net/tun"), O_RDWR);
            need(fd, "/dev/net/tun");
            MemorySegment request = arena.allocate(IFREQ_BYTES, 8);
            request.setString(0, DEVICE);
            request.set(JAVA_SHORT, 16, IFF_TUN_NO_PI);
            need((int) IOCTL.invokeExact(fd, TUNSETIFF, request), "a tun device");
            ip("link", "set", "lo", "up");
            ip("addr", "add", address, "peer", other, "dev", DEVICE);
            ip("link", "set", DEVICE, "mtu", "" + mtu, "up");
            return fd;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    private static void need(int result, String what) {
        Assumptions.assumeTrue(result >= 0, what + " is not permitted here, or not there");
    }

    /** The child is in the namespace of the thread that starts it. */
    private static void ip(String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        Process process;
        try {
            process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
        } catch (IOException e) {
            Assumptions.abort("the tool ip (iproute2) is missing: " + e.getMessage());
            return;
        }
        boolean ended = process.waitFor(10, TimeUnit.SECONDS);
        Assumptions.assumeTrue(
                ended && process.exitValue() == 0, () -> "refused: " + String.join(" ", command));
    }

    /** One packet, or nothing for a while. */
    static int read(int fd, MemorySegment memory, int millis) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ask = arena.allocate(8, 4); // struct pollfd: fd, events, revents
            ask.set(JAVA_INT, 0, fd);
            ask.set(JAVA_SHORT, 4, (short) POLLIN);
            int ready = (int) POLL.invokeExact(ask, 1L, millis);
            return ready <= 0 ? 0 : (int) READ.invokeExact(fd, memory, memory.byteSize());
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /** The kernel may refuse a damaged packet: then it is lost. */
    static void write(int fd, MemorySegment memory, long bytes) {
        try {
            int _ = (int) WRITE.invokeExact(fd, memory, bytes);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /**
     * @param variadic the first variadic argument, 0 for none
     */
    private static MethodHandle handle(int variadic, String name, MemoryLayout... arguments) {
        Linker linker = Linker.nativeLinker();
        Linker.Option[] options =
                variadic == 0
                        ? new Linker.Option[0]
                        : new Linker.Option[] {Linker.Option.firstVariadicArg(variadic)};
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(JAVA_INT, arguments),
                options);
    }
}
